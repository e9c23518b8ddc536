"""A prediction held against a measured act, in text and in HTML."""

import dataclasses
import json
from pathlib import Path

import pytest

from lab.demo import exercises
from lab.demo.acts import Sizes
from lab.demo.exercises import Predictions, Revealed, reveal
from lab.demo.outcome import ActFinding, PlayedAct
from lab.demo.positions import Position
from lab.demo.runner import PlayError, act
from lab.errors import UsageError
from lab.records.race import Race
from lab.records.trace import Segment, ThreadTrace, Trace
from lab.renderers import notebook
from lab.verdicts.races import judge
from tests.jupyter import Html

RECORDS = Path(__file__).parents[1] / "data"


def _race(record: str) -> Race:
    content = json.loads((RECORDS / record).read_text())
    races = [
        Race.from_json(plain)
        for benchmark in content["benchmarks"]
        for plain in benchmark["extra_info"]["gil_lab"]
    ]
    return next(race for race in races if (race.threads, race.bound) == (2, "compute"))


def _played(predicted: int | None, number: int = 2, **changes: object) -> PlayedAct:
    """As if act `number` had measured what a held kernel did."""
    race = dataclasses.replace(_race("held.json"), **changes)  # type: ignore[arg-type]
    it = act(number)
    positions = (
        Position("racer-0", "read_bytes", "pathlib.py", 7, "read(2) from a FIFO"),
    )
    outcome = ActFinding(it, (judge(race),), {}, "no scope here", positions, it.cuts())
    return PlayedAct(it, predicted, outcome)


@pytest.mark.parametrize(
    ("predicted", "told"),
    [
        (1, "Measured: 1, the same time. Right, as you predicted."),
        (2, "Measured: 1, the same time. You predicted 2, half the time."),
        (None, "Measured: 1, the same time. You have not predicted."),
    ],
)
def test_what_became_of_the_prediction(predicted: int | None, told: str) -> None:
    it = Revealed(_played(predicted))
    html = Html(it._repr_html_())
    assert html.text.startswith(told)
    assert "_mandelbrot(pixels, limit)" in html.text
    assert "C helps no thread by being C" in html.text
    assert "No timeline: no scope here" in html.text
    text = repr(it)
    assert "MEASURED: 1  the same time" in text
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_the_solution_is_folded_away() -> None:
    html = Revealed(_played(1))._repr_html_()
    open_part, _, folded = html.partition("<details")
    assert "<details" in html
    assert "<details open" not in html
    for word in ("_mandelbrot(pixels, limit)", "C helps no thread by being C"):
        assert word not in Html(open_part).text
        assert word in Html(f"<details{folded}").text
    assert "speedup" in Html(open_part).text


def test_the_reason_is_the_students() -> None:
    it = Revealed(_played(1), "C is <fast>")
    assert "Your reason: “C is <fast>”" in Html(it._repr_html_()).text
    assert 'Your reason: "C is <fast>"' in repr(it)
    assert "reason" not in repr(Revealed(_played(1)))
    with pytest.raises(UsageError, match="why = 3: write a sentence in quotes"):
        reveal(1, 1, 3)  # type: ignore[arg-type]


def test_predictions_against_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: list[int] = []

    def play(number: int, sizes: Sizes) -> ActFinding:
        numbers.append(number)
        if number == 5:
            raise PlayError("no FIFO")
        played = _played(None, number, **({"cores": 1.0} if number == 3 else {}))
        assert played.outcome is not None
        return played.outcome

    monkeypatch.setattr(exercises, "play", play)
    predictions = Predictions()
    assert "No prediction counts yet." in repr(predictions)
    predictions.reveal(1, 2, "two cores")
    predictions.reveal(1, 1, "one lock")  # a second try counts alone
    predictions.reveal(2, 2, "C is fast")
    predictions.reveal(3, 2)
    predictions.reveal(5, 1)
    assert numbers == [1, 1, 2, 3, 5]
    html = predictions._repr_html_()
    rows = [Html(row.partition("</tr>")[0]).text for row in html.split("<tr>")[2:]]
    same, half = "1, the same time", "2, half the time"
    assert [row.partition(" ")[2].strip() for row in rows] == [
        f"Two Python threads{same}{same}yesone lock",
        f'"So call C!"{half}{same}noC is fast',
        f"One line more: with nogil{half}opendoes not count",
        "libc's sleep(1), called in two waysnot yet",
        f"Down to _Py_read{same}not playeddoes not count",
    ]
    assert Html(html).text.endswith("1 of 2 predictions came true.")
    text = repr(predictions)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert "1 of 2 predictions came true." in text
    assert "one lock" in text
    assert "two cores" not in text


def test_right_and_wrong_differ_in_form_too() -> None:
    edges = {
        predicted: Html(Revealed(_played(predicted))._repr_html_()).tags[1][1]["style"]
        for predicted in (1, 2, None)
    }
    assert len(set(edges.values())) == 3
    assert "double" in (edges[2] or "")


def test_open_is_open() -> None:
    it = Revealed(_played(1, cores=1.0))
    html = Html(it._repr_html_())
    assert html.text.startswith("Measured: open, ")
    assert "one usable core" in html.text
    assert "Right" not in html.text
    assert "C helps no thread" not in html.text


def test_without_a_gil_no_lesson_about_one() -> None:
    html = Html(Revealed(_played(1, gil=False))._repr_html_())
    assert "There is no GIL in this interpreter" in html.text
    assert "C helps no thread" not in html.text


def test_the_way_down_and_who_was_seen_there() -> None:
    html = Html(Revealed(_played(None, number=5))._repr_html_())
    assert "_Py_read  Python/fileutils.c" in html.text
    assert "1 of 1 threads in read_bytes, pathlib.py:7" in html.text
    assert "way down" not in html.text


def test_timelines_show_the_racers_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Trace] = []

    def draw(trace: Trace, title: str) -> str:
        drawn.append(trace)
        return title

    monkeypatch.setattr(notebook, "timeline", draw)
    threads = tuple(
        ThreadTrace(name, place, 0.0, 1.0, 0.5, 0.25, 0.25, 0.01, 0.5)
        for place, name in enumerate(("MainThread", "racer-0", "racer-1"))
    )
    segments = tuple(Segment(place, "holds", 0.0, 1.0) for place in range(3))
    trace = Trace(
        *("3.13.0", 2.0, 20e-6, 1000, 3, 0.5, 0.02, 0.5, 0.375, 0.125),
        *(threads, 0, segments, 0.0),
    )
    played = _played(None)
    assert played.outcome is not None
    seen = dataclasses.replace(played.outcome, traces={"held": trace}, no_scope="")
    html = Html(Revealed(dataclasses.replace(played, outcome=seen))._repr_html_())
    told = "two threads, a few calls each: nobody held the GIL 50% (48% to 52%) of 2 s"
    assert told in html.text
    assert [each.name for each in drawn[0].threads] == ["thread 1", "thread 2"]
    assert [segment.thread for segment in drawn[0].segments] == [0, 1]


def test_a_prediction_that_is_none_of_the_options() -> None:
    for prediction in (0, 4, "2", 1.5):
        with pytest.raises(UsageError, match="choose one of 1 to 3, or None") as caught:
            reveal(1, prediction)  # type: ignore[arg-type]
        (line,) = caught.value._render_traceback_()
        assert line.startswith(f"gil-lab: prediction = {prediction!r}: ")


def test_what_cannot_be_played_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(number: int, sizes: Sizes) -> ActFinding:
        raise PlayError("no FIFO <here>")

    monkeypatch.setattr(exercises, "play", fail)
    it = reveal(5, 1)
    assert "cannot be played here: no FIFO <here>" in Html(it._repr_html_()).text
    assert "cannot be played here: no FIFO <here>" in repr(it)


@pytest.mark.slow
def test_played_for_real() -> None:
    it = reveal(3, 2, sizes=Sizes(0.2, 0.2))
    assert it.played.act.number == 3
    assert it.played.predicted == 2
    assert "with nogil:" in repr(it)
