"""The screen of a process that is being looked at."""

import dataclasses

import pytest

from lab.records.trace import Call, Trace
from lab.renderers.console import text_of
from lab.renderers.live_table import OTHER_LINES, screen
from tests.traces import thread


def _lines(trace: Trace, height: int, width: int = 80) -> list[str]:
    shown = screen(trace, "process 7: q leaves", height)
    return text_of([shown], width, colour=True).splitlines()


@pytest.mark.parametrize("height", [3, 8, 24])
def test_it_fits_and_names_how_many_it_leaves_out(trace: Trace, height: int) -> None:
    crowd = tuple(
        thread(
            f"busy {place}" if place < 3 else f"idle {place}", place, 0.1 * (place < 3)
        )
        for place in range(40)
    )
    lines = _lines(dataclasses.replace(trace, threads=crowd), height)
    room = max(1, height - OTHER_LINES)
    assert len(lines) <= max(height, OTHER_LINES + 1)
    assert lines[-1] == f"and {40 - room} that did less"
    shown = [line.split("  ")[0] for line in lines if line.startswith(("busy", "idle"))]
    assert len(shown) == room
    # Those that did most, in their order.
    assert shown[:3] == [f"busy {place}" for place in range(min(3, room))]


def test_all_are_shown_where_there_is_room(trace: Trace) -> None:
    lines = _lines(trace, 24)
    assert "process 7: q leaves" in lines[0]
    assert lines[1] == "GIL free 50% (48% to 52%) of the time"
    assert any(line.startswith("wörker") for line in lines)
    assert "did less" not in lines[-1]
    told = dataclasses.replace(trace, told_apart=True, contention=0.25)
    assert "wanted 25.0%" in _lines(told, 24)[1]


@pytest.mark.parametrize(
    ("width", "shares", "left_out"),
    [
        (80, 5, ""),
        (60, 3, "no room for: no core, runs free"),
        (40, 2, "no room for: no core, runs free, mostly in, blocked"),
    ],
)
def test_in_a_narrow_window_figures_are_whole(
    trace: Trace, width: int, shares: int, left_out: str
) -> None:
    calls = (Call("clock_nanosleep", 0.5),)
    one = dataclasses.replace(thread("thread 12345", 1, 0.123, 123.4567), calls=calls)
    told = dataclasses.replace(trace, threads=(one,), told_apart=True)
    lines = _lines(told, 24, width)
    (at,) = (at for at, line in enumerate(lines) if line.startswith("thread 12345"))
    assert "12.3%" in lines[at]
    assert lines[at].count("%") == shares
    assert "123456.7 ms" in lines[at]
    assert ("clock_n" in lines[at]) == (width >= 60)
    assert " ".join(lines[at + 1 :]) == left_out
