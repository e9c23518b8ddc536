"""Traces: saved and loaded, their error, and their renderers."""

import dataclasses
import json
import math
import os
import random
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lab.records.trace import (
    FORMAT,
    STATES,
    WORDS,
    Behind,
    Call,
    Segment,
    ThreadTrace,
    Trace,
    half_width,
    load,
)
from lab.renderers import chrome_trace, trace_terminal


def thread(
    name: str = "MainThread",
    native_id: int = 10,
    holds: float = 0.25,
    longest_hold_s: float = 0.5,
) -> ThreadTrace:
    return ThreadTrace(
        name=name,
        native_id=native_id,
        start_s=0.0,
        end_s=4.0,
        holds=holds,
        runs_free=0.5,
        waits=0.25,
        error=0.01,
        longest_hold_s=longest_hold_s,
    )


@pytest.fixture
def trace() -> Trace:
    return Trace(
        python="3.13.0",
        duration_s=4.0,
        interval_s=20e-6,
        samples=1000,
        lost=3,
        gil_free=0.5,
        error=0.02,
        held=0.5,
        runs_free=0.375,
        idle=0.125,
        threads=(thread(), thread("wörker", 11, longest_hold_s=1.0)),
        folded=0,
        segments=(
            Segment(0, "holds", 0.0, 1.0),
            Segment(0, "runs_free", 1.0, 3.0),
            Segment(0, "waits", 3.0, 4.0),
            Segment(1, "waits", 0.0, 1.0),
            Segment(1, "holds", 1.0, 2.0),
        ),
        segments_start_s=0.0,
    )


def test_saved_and_loaded_is_equal(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    trace.save(path)
    assert load(path) == trace
    assert json.loads(path.read_text())["format"] == FORMAT
    assert os.listdir(tmp_path) == ["trace.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_an_older_file_is_read(trace: Trace, tmp_path: Path) -> None:
    """What later formats added is missing there, and stands at its default."""
    path = tmp_path / "trace.json"
    trace.save(path)
    data = json.loads(path.read_text()) | {"format": 1}
    for kind, record in ((Trace, data), *((ThreadTrace, it) for it in data["threads"])):
        for field in dataclasses.fields(kind):
            if field.default is not dataclasses.MISSING:
                del record[field.name]
    path.write_text(json.dumps(data))
    assert load(path) == trace


def test_waiting_told_apart_is_kept_and_shown(trace: Trace, tmp_path: Path) -> None:
    first, second = trace.threads
    first = dataclasses.replace(
        first,
        wants=0.1,
        ready=0.05,
        blocked=0.1,
        longest_want_s=0.25,
        calls=(Call("epoll_wait", 0.1),),
        behind=(Behind(1, 0.1),),
    )
    told = dataclasses.replace(
        trace,
        threads=(first, second),
        segments=(
            Segment(0, "wants", 0.0, 1.0),
            Segment(0, "ready", 1.0, 2.0),
            Segment(0, "blocked", 2.0, 3.0),
            Segment(0, "holds", 3.0, 4.0),
        ),
        told_apart=True,
        contention=0.1,
        contention_error=0.01,
    )
    told.save(tmp_path / "trace.json")
    assert load(tmp_path / "trace.json") == told
    text = trace_terminal.render(told, 80, colour=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "epoll_wait" in text
    assert "wants the GIL and waits for it 10.0% (9.0% to 11.0%)" in text
    assert "MainThread waits 10.0% of the time for w\\xf6rker" in text
    assert "w wants the GIL" in text
    assert ". waits" not in text
    alike = told.waiting_alike().segments
    assert alike == (Segment(0, "waits", 0.0, 3.0), Segment(0, "holds", 3.0, 4.0))
    assert told.only([0]).threads[0].behind == ()
    assert told.only([1, 0]).threads[1].behind == (Behind(0, 0.1),)


def test_failed_save_leaves_the_old_file(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text("old")
    broken = dataclasses.replace(trace, python=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["trace.json"]


def damaged(data: Any, path: list[str | int], value: object) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["kind"], "something"),
        (["format"], FORMAT + 1),
        (["format"], 0),
        (["samples"], "many"),
        (["gil_free"], math.nan),
        (["gil_free"], None),
        (["format"], True),
        (["gil_free"], 1.5),
        (["held"], 0.25),
        (["runs_free"], 0.2),
        (["duration_s"], 0),
        (["duration_s"], -1),
        (["duration_s"], math.inf),
        (["samples"], 10**400),
        (["segments_start_s"], 4.0),
        (["threads", 0, "longest_hold_s"], 5.0),
        (["threads", 1, "end_s"], 5.0),
        (["threads", 1, "start_s"], 4.5),
        (["segments", 1, 3], 4.5),
        (["segments", 1, 2], 3.5),
        (["segments", 1, 2], math.nan),
        (["threads"], 5),
        (["threads", 0, "name"], 5),
        (["segments", 0, 0], 2),
        (["segments", 0, 0], -1),
        (["segments", 0, 1], "sleeps"),
        (["segments", 0], [0, "holds", 1.0]),
    ],
)
def test_foreign_files_are_one_line_of_value_error(
    trace: Trace, tmp_path: Path, path: list[str | int], value: object
) -> None:
    file = tmp_path / "trace.json"
    trace.save(file)
    data = json.loads(file.read_text())
    damaged(data, path, value)
    file.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"trace\.json") as caught:
        load(file)
    assert "\n" not in str(caught.value)
    if path[0] not in ("kind", "format"):
        place = "".join(f"[{one}]" if type(one) is int else f".{one}" for one in path)
        told = str(caught.value).partition("damaged trace: ")[2].partition(": ")[0]
        assert told
        # What takes two fields is told of the first, or of what holds both.
        assert place[1:].startswith(told) or told in ("held", "gil_free")


@pytest.mark.parametrize(
    "content", [b"", b"[1", b"\xff\xfe", b"[]", b"7", b"[" * 99999]
)
def test_unreadable_files_are_one_line_of_value_error(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "trace.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"trace\.json") as caught:
        load(file)
    assert "\n" not in str(caught.value)


def test_missing_file_is_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


def test_longest_hold_and_who(trace: Trace) -> None:
    assert trace.longest_hold_s == 1.0
    assert trace.longest_holder is trace.threads[1]
    nobody = dataclasses.replace(trace, threads=())
    assert nobody.longest_hold_s == 0.0
    assert nobody.longest_holder is None
    assert not trace.coarsened
    assert dataclasses.replace(trace, segments_start_s=1.0).coarsened


def sampled(
    period: float, share: float, pause: float, duration: float, rng: random.Random
) -> tuple[float, float]:
    """Sample a square wave at random; (error made, half width)."""
    phase = rng.random() * period
    moments = [0.0]
    while moments[-1] < duration:
        moments.append(moments[-1] + rng.expovariate(1 / pause))
    states = [(moment + phase) % period < share * period for moment in moments]
    steps = zip(pairwise(moments), pairwise(states), strict=True)
    spent = change = changes = 0.0
    for (start, end), (before, after) in steps:
        gap = end - start
        spent += gap * (before + after) / 2
        change += (before != after) * gap**2 / 2
        changes += before != after
    seen = moments[-1]
    whole, rest = divmod(seen + phase, period)
    true = whole * share * period + min(rest, share * period)
    true -= min(phase, share * period)
    width = half_width(
        share=spent / seen,
        samples=len(moments) - 1,
        changes=int(changes),
        change_ns2=change,
        seen_ns=seen,
        unseen_ns=0,
        unseen_ns2=0,
        frozen_ns2=0,
    )
    return abs(spent - true) / seen, width


@pytest.mark.parametrize("period", [2.0, 30.0, 150.0, 1000.0, 20000.0])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_interval_covers_and_is_not_idle(period: float, share: float) -> None:
    rng = random.Random(f"{period} {share}")
    runs = [sampled(period, share, 50.0, 50000.0, rng) for _ in range(300)]
    assert sum(error <= width for error, width in runs) >= 0.92 * len(runs)
    independent = 1.96 * math.sqrt(2 * share * (1 - share) / 1000)
    assert max(width for _, width in runs) < 2 * independent + 0.003


def test_no_sample_tells_nothing() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ["changes", "change_ns2", "unseen_ns", "unseen_ns2", "frozen_ns2"], 0
    )
    assert half_width(share=0.5, samples=0, seen_ns=1e6, **nothing) == 1.0
    assert half_width(share=0.5, samples=10, seen_ns=0, **nothing) == 1.0
    for samples in (1, 2, 3):
        few = half_width(share=0.4, samples=samples, seen_ns=1e6, **nothing)
        assert few > 0.5
    sure = half_width(share=0.0, samples=1000, seen_ns=1e6, **nothing)
    assert 0.001 < sure < 0.01
    nothing |= {"unseen_ns": 5e5, "unseen_ns2": 25e10}
    assert half_width(share=0.5, samples=100, seen_ns=5e5, **nothing) > 0.2


@pytest.mark.parametrize("samples", [1, 2, 3, 5])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_few_samples_of_much_time_tell_nothing(samples: int, share: float) -> None:
    """The more is unseen, the less the little that was seen says of it."""
    widths = [
        half_width(
            share=share,
            samples=samples,
            changes=0,
            change_ns2=0,
            seen_ns=2e4 * samples,
            unseen_ns=unseen_ns,
            unseen_ns2=unseen_ns**2,
            frozen_ns2=0,
        )
        for unseen_ns in (0.0, 1e5, 1e6, 1e8)
    ]
    assert widths == sorted(widths)
    assert widths[0] > 0.5
    assert widths[-1] > 0.9


def test_chrome_has_a_row_a_thread_and_one_for_the_gil(trace: Trace) -> None:
    data = json.loads(json.dumps(chrome_trace.render(trace)))
    events = data["traceEvents"]
    rows = {
        event["tid"]: event["args"]["name"]
        for event in events
        if event["ph"] == "M" and event["name"] == "thread_name"
    }
    assert rows == {0: "GIL", 1: "MainThread (10)", 2: "wörker (11)"}
    spans = [event for event in events if event["ph"] == "X"]
    assert {event["ph"] for event in events} == {"M", "X"}
    assert len(spans) == len(trace.segments) + 2
    assert all(span["dur"] > 0 and span["pid"] == 1 for span in spans)
    gil = [(span["name"], span["ts"], span["dur"]) for span in spans if not span["tid"]]
    assert gil == [("MainThread", 0, 1e6), ("wörker", 1e6, 1e6)]
    ours = [(span["name"], span["ts"]) for span in spans if span["tid"] == 1]
    assert ours == [("holds the GIL", 0), ("runs free", 1e6), ("waits", 3e6)]


@pytest.mark.parametrize("width", [40, 63, 80, 200])
@pytest.mark.parametrize("colour", [False, True])
def test_terminal_fits_the_width(trace: Trace, width: int, colour: bool) -> None:
    names = ["x" * 300, "line\nbreak", "[red]markup", "\x1b[31mescape"]
    threads = tuple(thread(name, 20 + i) for i, name in enumerate(names))
    crowd = dataclasses.replace(trace, threads=trace.threads + threads)
    text = trace_terminal.render(crowd, width, colour)
    plain = text
    if colour:
        plain = "".join(part.partition("m")[2] for part in f"m{text}".split("\x1b["))
    else:
        assert text.isascii()
        assert "\x1b" not in text
        assert "[red]" in text
    assert max(map(len, plain.splitlines())) <= width


def test_terminal_strip_shows_each_slice(trace: Trace) -> None:
    lines = trace_terminal.render(trace, 91, False).splitlines()
    strips = [line for line in lines if "#" in line and "holds" not in line]
    assert strips[0] == "MainThread " + "#" * 20 + "=" * 40 + "." * 20
    assert strips[1] == "w\\xf6rker  " + "." * 20 + "#" * 20
    assert "50% (48% to 52%)" in lines[0]
    assert lines[1].startswith("3 more samples were due while the scope had no core")


def test_terminal_names_what_it_leaves_out(trace: Trace) -> None:
    many = tuple(thread(f"t{i}", 100 + i, holds=0.0) for i in range(100))
    crowd = dataclasses.replace(trace, threads=many, segments=(), folded=7)
    text = trace_terminal.render(crowd, 80, False)
    assert "76 threads that did less" in text
    assert "7 ended threads are not shown" in text
    assert trace_terminal.render(dataclasses.replace(crowd, threads=()), 80, False)


def test_reading_needs_nothing_compiled() -> None:
    code = (
        "import sys\n"
        "sys.modules.update({'lab.instruments.scope': None, 'lab.kernels': None})\n"
        "import lab.records.trace\n"
        "import lab.renderers.chrome_trace, lab.renderers.trace_terminal\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_state_is_drawn() -> None:
    assert set(STATES) == set(WORDS) == set(trace_terminal.STYLES)


def test_chosen_threads_keep_their_segments(trace: Trace) -> None:
    both = trace.only([1, 0])
    assert [each.name for each in both.threads] == ["wörker", "MainThread"]
    assert both.segments[0] == Segment(0, "waits", 0.0, 1.0)
    one = trace.only([1])
    assert one.segments == (
        Segment(0, "waits", 0.0, 1.0),
        Segment(0, "holds", 1.0, 2.0),
    )
    assert one.gil_free == trace.gil_free


def test_the_last_seconds(trace: Trace) -> None:
    late = trace.last(2.5)
    assert late.segments_start_s == 1.5
    assert late.segments == (
        Segment(0, "runs_free", 1.5, 3.0),
        Segment(0, "waits", 3.0, 4.0),
        Segment(1, "holds", 1.5, 2.0),
    )
    assert trace.last(9) == trace
    assert late.last(9) == late


def test_thinned_where_there_is_too_much(trace: Trace) -> None:
    assert trace.thinned(3) == trace
    halves = trace.thinned(2)  # only the first thread has more than two
    assert halves.segments[-2:] == trace.segments[-2:]
    assert [segment[2:] for segment in halves.segments[:-2]] in (
        [(0.0, 2.0), (2.0, 4.0)],
        [(0.0, 4.0)],
    )
    early = dataclasses.replace(
        trace.last(3.0),
        segments=(
            Segment(0, "holds", 1.0, 1.6),
            Segment(0, "waits", 1.6, 2.0),
            Segment(0, "holds", 2.0, 2.5),
            Segment(1, "waits", 3.0, 4.0),
        ),
    )
    assert early.thinned(3).segments[0] == Segment(0, "holds", 1.0, 1.6)
    assert early.thinned(1).segments[0] == Segment(0, "holds", 1.0, 4.0)
    assert early.thinned(2).segments[0] == Segment(0, "holds", 1.0, 2.5)
