"""The paragraph about a process that seems to hang."""

from dataclasses import replace

import pytest

from lab.records.lines import Line
from lab.records.thread_dump import DumpedThread, Frame, NativeFrame
from lab.renderers.hang import BYTECODE, MOST, render
from lab.verdicts.hang import Hang
from tests.verdicts.test_hang import LOCK, WANTS, trace

HOLDER = replace(
    LOCK,
    asleep_s=120.0,
    frames=(Frame("a é.py", 7, "work"),),
    native=(
        NativeFrame("pthread_mutex_lock", "libc.so.6"),
        NativeFrame("lock_it", "mine.so"),
    ),
)


def told(hang: Hang, width: int = 80) -> str:
    text = render(hang, width, False)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    return " ".join(text.split())


def hang(**changes: object) -> Hang:
    made = Hang(0.7, HOLDER, True, (WANTS,), (HOLDER, WANTS), (), trace())
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_deadlock_comes_first_with_both_ends() -> None:
    text = told(hang())
    assert text.startswith(
        "This is a deadlock: A waits for a lock that B holds, B waits for the GIL, "
        "which A holds. None of them can go on."
    )
    assert (
        r"A holds the GIL in work (a \xe9.py:7), C function lock_it of mine.so" in text
    )
    assert "for at least 120 s" in text
    limited = replace(HOLDER, timed=True)
    assert "unless a time limit" in told(hang(cycle=(limited, WANTS)))


def test_who_waits_for_anybody_waits_for_all_who_want_its_gil() -> None:
    first = replace(HOLDER, owner=0)
    assert told(hang(cycle=(first, WANTS))).startswith(
        "This is a deadlock: A waits to be woken by another thread of its process, and "
        "the only other one wants the GIL, which A holds. None of them can go on, "
    )
    several = told(hang(cycle=(first, WANTS, replace(WANTS, name="C"))))
    assert "all others want the GIL" in several


def test_who_runs_is_not_said_to_wait() -> None:
    runs = DumpedThread("A", 1)
    text = told(hang(holder=runs, stuck=False, cycle=(), wants=()))
    assert text == (
        "A holds the GIL, for at least 700 ms, and runs. No other thread wants the GIL."
    )


def test_what_a_running_holder_calls_is_told() -> None:
    runs = DumpedThread("A", 1, frames=(Frame("a.py", 3, "f"),))
    line = Line("a.py", 3, "f", "sorted", 1.0, 1.0)
    seen = replace(trace(), lines=(Line("b.py", 3, "f", "list"), line))
    shown = hang(holder=runs, stuck=False, cycle=(), wants=(), trace=seen)
    assert "in f (a.py:3), for at least 700 ms, and runs, calling sorted." in told(
        shown
    )
    stopped = told(replace(shown, stopped="process 7 is stopped by a signal"))
    assert stopped.startswith("Process 7 is stopped by a signal. A holds the GIL")
    assert "runs" not in stopped


def test_a_place_in_a_library_is_told_with_the_place_in_the_program() -> None:
    frames = (
        Frame("/usr/lib/python3.11/threading.py", 327, "Condition.wait"),
        Frame("/usr/lib/python3.11/queue.py", 171, "Queue.get"),
        Frame("/src/main.py", 8, "main"),
        Frame("/src/main.py", 9, "<module>"),
    )
    waits = replace(HOLDER, frames=frames, native=(), asleep_s=0.0)
    text = told(hang(holder=None, cycle=(), wants=(), others=(waits,), stranded=True))
    assert text.endswith(
        "All threads wait for locks, and none is left that could free one: only the "
        "handler of a signal could. A waits in futex (a lock) in Condition.wait "
        "(threading.py:327), called from main (/src/main.py:8)."
    )


@pytest.mark.parametrize(
    ("number", "awaited"),
    [(4321, "process 4321"), ((1 << 32) - 1, "a child process")],
)
def test_a_process_that_is_waited_for_is_named(number: int, awaited: str) -> None:
    waits = DumpedThread("A", 1, call="wait4", arguments=(number, 0, 0, 0))
    text = told(hang(holder=None, cycle=(), wants=(), others=(waits,)))
    assert text.endswith(f"A waits in wait4 (the end of {awaited}).")


def test_a_sleep_needs_nobody_to_end_it() -> None:
    sleeps = replace(HOLDER, call="clock_nanosleep", owner=0)
    text = told(hang(holder=sleeps, cycle=()))
    assert "waits in clock_nanosleep (a sleep). 1 thread wants the GIL" in text
    waits = told(hang(holder=replace(sleeps, call="read"), cycle=()))
    assert "that must wake it, none can." in waits


CALLED = {
    "lock_it of mine.so": ("libc.so.6 futex", "mine.so", "mine.so lock_it"),
    "sleep of libc.so.6": ("libc.so.6 nap", "libc.so.6 sleep", "libffi.so.8"),
    "time_sleep of python3": ("libc.so.6 nap", "python3 time_sleep", f"x {BYTECODE}"),
    "": ("libc.so.6 nap", f"python3 {BYTECODE}.cold", "python3 main"),
}


@pytest.mark.parametrize("function", CALLED)
def test_the_c_function_is_the_one_that_python_called(function: str) -> None:
    native = tuple(
        NativeFrame(name, library)
        for library, _, name in (it.partition(" ") for it in CALLED[function])
    )
    text = told(hang(holder=replace(HOLDER, native=native)))
    assert text.partition("C function ")[2].partition(",")[0] == function


def test_of_many_threads_some_are_told() -> None:
    many = (replace(HOLDER, frames=(), native=()),) * (MOST + 3)
    text = told(hang(holder=None, cycle=(), wants=(), others=many, trace=trace(0.0)))
    assert text.startswith("Nobody holds the GIL")
    assert text.count("A waits in futex (a lock)") == MOST
    assert text.endswith("; and 3 more.")


def test_a_gil_that_changes_hands_is_told_by_shares() -> None:
    lines = Line("a.py", 3, "f", "sorted", 0.4), Line("a.py", 4, "f", "", 0.2)
    seen = replace(trace(0.6), error=0.1, samples=400, lines=lines)
    seen = replace(seen, threads=(replace(seen.threads[0], error=0.1),))
    text = told(hang(holder=None, stuck=False, cycle=(), trace=seen))
    assert "changes hands: in 700 ms it was held by A for 60% (50% to 70%) of" in text
    assert "free for 40% (30% to 50%) (400 samples)" in text
    assert "Most often it was held in f (a.py:3), calling sorted." in text
