"""The still screens, from records: what they say, and that they fit."""

import dataclasses
import json
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lab.demo.acts import Act, acts
from lab.demo.outcome import NO_GIL, ActFinding, PlayedAct
from lab.demo.positions import Position
from lab.demo.screens import AGAIN, answer, final, question
from lab.demo.symbols import ASCII, BLOCKS, Symbols
from lab.records.race import Bound, Race
from lab.records.trace import Segment, ThreadTrace, Trace
from lab.renderers.wording import MORAL
from lab.verdicts.races import judge

RECORDS = Path(__file__).parents[1] / "data"
# A blank row and the prompt are below.
ROWS, COLUMNS = 22, 80


def _races(record: str, bound: Bound) -> list[Race]:
    content = json.loads((RECORDS / record).read_text())
    races = [
        Race.from_json(plain)
        for benchmark in content["benchmarks"]
        for plain in benchmark["extra_info"]["gil_lab"]
    ]
    return [race for race in races if race.bound is bound and race.threads > 1]


def _outcome(act: Act, **changes: object) -> ActFinding:
    """As if the act had measured what the bench once did."""
    bound = Bound.BLOCKING if act.threads == 4 else Bound.COMPUTE
    findings = []
    for twin in act.twins:
        record = "released.json" if twin == "released" else "held.json"
        race = _races(record, bound)[0]
        race = dataclasses.replace(race, kernel=act.kernel, twin=twin, **changes)  # type: ignore[arg-type]
        findings.append(judge(race))
    traces = {twin: _trace(act.threads) for twin in act.twins}
    position = Position("racer-0", "read_bytes", "pathlib.py", 9, "read(2) from a FIFO")
    positions = (position,) * 4 if act.descent else ()
    return ActFinding(act, tuple(findings), traces, "", positions, act.cuts())


def _trace(racers: int) -> Trace:
    names = ["MainThread", *(f"racer-{place}" for place in range(racers))]
    threads = tuple(
        ThreadTrace(name, 100, 0.0, 1.0, 0.2, 0.0, 0.8, 0.01, 0.2) for name in names
    )
    segments = tuple(Segment(i, "holds", i / 9, 1.0) for i in range(len(names)))
    return Trace(
        *("3.11.0", 1.0, 2e-5, 5000, 0, 0.01, 0.01, 0.99, 0.0, 0.01),
        *(threads, 0, segments, 0.0),
    )


def _lines(screen: RenderableType) -> list[str]:
    console = Console(width=COLUMNS, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(screen)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("act", acts(), ids=lambda act: f"act {act.number}")
@pytest.mark.parametrize("symbols", [BLOCKS, ASCII], ids=["blocks", "ascii"])
@pytest.mark.parametrize("cores", [2.0, 1.0])
def test_every_screen_fits(act: Act, symbols: Symbols, cores: float) -> None:
    outcome = _outcome(act, cores=cores)
    screens = answer(PlayedAct(act, 1, outcome), symbols, COLUMNS)
    for screen in (question(act, 5, 1), *screens):
        lines = _lines(screen)
        assert len(lines) <= ROWS, "\n".join(lines)
        assert max(map(len, lines)) <= COLUMNS


def test_the_answer_is_what_was_measured() -> None:
    act = acts()[1]
    outcome = _outcome(act)
    measured, code = answer(PlayedAct(act, 2, outcome), ASCII, COLUMNS)
    lines = _lines(measured)
    assert "  MEASURED: 1  the same time" in lines
    assert "Predicted: 2, half the time. Not so." in lines
    strips = [line for line in lines if line.startswith("thread ")]
    assert [line[:8] for line in strips] == ["thread 1", "thread 2"]  # racers only
    assert "    _mandelbrot(pixels, limit)" in "\n".join(_lines(code))
    right = _lines(answer(PlayedAct(act, 1, outcome), ASCII, COLUMNS)[0])
    assert "Predicted: 1. It came true." in right


def test_open_says_why() -> None:
    act = acts()[0]
    played = PlayedAct(act, 1, _outcome(act, cores=1.0))
    lines = _lines(answer(played, ASCII, COLUMNS)[0])
    assert "  MEASURED: OPEN" in lines
    assert "This act does not count: one usable core." in lines
    assert AGAIN not in lines  # another play would find no second core
    assert "score" not in "\n".join(_lines(final([played])))


def test_open_may_be_played_again() -> None:
    act = acts()[0]
    outcome = _outcome(act)
    (race,) = (found.race for found in outcome.findings)
    busy = judge(dataclasses.replace(race, rounds=race.rounds[:1]))
    outcome = dataclasses.replace(outcome, findings=(busy,))
    lines = _lines(answer(PlayedAct(act, 1, outcome), ASCII, COLUMNS)[0])
    assert "  MEASURED: OPEN" in lines
    assert AGAIN in lines


@pytest.mark.parametrize("act", acts(), ids=lambda act: f"act {act.number}")
def test_code_that_is_left_out_shows(act: Act) -> None:
    """Between lines that do not follow each other, and at the end of a long one."""
    for width in (80, 30):
        code = answer(PlayedAct(act, 1, _outcome(act)), ASCII, width)[1]
        lines = _lines(code)
        for cut in act.cuts():
            at = lines.index(f"{cut.file}:{cut.lines[0][0]}")
            before = 0
            for number, line in cut.lines:
                at += 1
                if before and number > before + 1:
                    assert lines[at].strip() == "..."
                    at += 1
                before = number
                shown = lines[at].removeprefix(f"  {number:4} ")
                if len(line) <= width - 7:
                    assert shown == line
                else:
                    assert len(lines[at]) == width
                    assert shown.endswith("...")
                    assert line.startswith(shown[:-3])


def test_without_a_gil() -> None:
    act = acts()[1]
    outcome = dataclasses.replace(
        _outcome(act, gil=False), traces={}, no_scope="no GIL: switched off"
    )
    measured, code = answer(PlayedAct(act, None, outcome), ASCII, COLUMNS)
    assert NO_GIL in _lines(measured)
    assert "No strip of time: no GIL: switched off" in _lines(measured)
    assert NO_GIL in _lines(code)
    assert NO_GIL in _lines(final([PlayedAct(act, None, outcome)]))


def test_an_act_that_could_not_be_played() -> None:
    act = acts()[4]
    played = PlayedAct(act, 1, None, "[Errno 1] no FIFO")
    (screen,) = answer(played, ASCII, COLUMNS)
    assert "This act cannot be played here: [Errno 1] no FIFO" in _lines(screen)
    assert any(line.endswith("could not be played") for line in _lines(final([played])))


def test_the_score() -> None:
    act = acts()[1]
    outcome = _outcome(act)
    all_played = [
        PlayedAct(act, 1, outcome),
        PlayedAct(act, 2, outcome),
        PlayedAct(act, None, outcome),
    ]
    lines = _lines(final(all_played))
    assert "The class's score: 1 of 2 predictions came true." in lines
    assert lines[-1] == MORAL
