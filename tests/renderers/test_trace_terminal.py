"""A trace as text, in whatever width."""

import dataclasses

import pytest

from lab.records.trace import STATE_NAMES, STATES, Behind, Trace
from lab.renderers import trace_terminal
from tests.traces import thread


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


def test_few_samples_are_told_with_their_reason(trace: Trace) -> None:
    few = dataclasses.replace(trace, asked_s=20e-6, interval_s=0.07, samples=57)
    told = trace_terminal.render(few, 91, False, crowded=True).splitlines()[1]
    assert told.startswith("few samples, one every 70 ms: no core was idle")
    other = trace_terminal.render(few, 91, False).splitlines()[1]
    assert "so as not to slow down 2 threads" in other


def test_the_longest_wait_is_no_holders(trace: Trace) -> None:
    """It is known of the thread that waits, not of each one that it waits for."""
    one, other = trace.threads
    waits = dataclasses.replace(
        one,
        wants=0.75,
        longest_want_s=0.2,
        behind=(Behind(1, 0.5), Behind(2, 0.25)),
    )
    short = dataclasses.replace(
        other, wants=0.5, longest_want_s=0.015, behind=(Behind(0, 0.375),)
    )
    told = dataclasses.replace(trace, threads=(waits, short, thread("b", 12)))
    text = trace_terminal.render(told, 80, True)
    assert [line for line in text.splitlines() if "at once" in line] == [
        "MainThread waits 75.0% of the time, at most 200 ms at once: 50.0% for wörker,",
        "wörker waits 50.0% of the time, at most 15 ms at once: 37.5% for MainThread",
    ]
    assert "\n25.0% for b\n" in text


def test_a_system_that_does_not_tell_for_what_threads_wait(trace: Trace) -> None:
    text = trace_terminal.render(trace, 80, False)
    head = next(line for line in text.splitlines() if line.startswith("thread"))
    assert head.split()[1:] == ["holds", "free", "waits", "hold"]
    assert ". waits" in text
    for word in ("wants", "core", "blocked", "mostly in"):
        assert word not in head + text.splitlines()[-1]


def test_terminal_names_what_it_leaves_out(trace: Trace) -> None:
    many = tuple(thread(f"t{i}", 100 + i, holds=0.0) for i in range(100))
    crowd = dataclasses.replace(trace, threads=many, segments=(), folded=7)
    text = trace_terminal.render(crowd, 80, False)
    assert "76 threads that did less" in text
    assert "7 ended threads are not shown" in text
    assert trace_terminal.render(dataclasses.replace(crowd, threads=()), 80, False)


def test_every_state_is_drawn() -> None:
    assert set(STATES) == set(STATE_NAMES) == set(trace_terminal.SIGNS)
