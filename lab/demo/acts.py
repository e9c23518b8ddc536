"""The five acts: what is asked, what is played, which verdict makes which answer right.

Data only. No act knows its answer: the verdicts on what was measured pick it.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.demo.source_lines import Cut, cut, cut_function
from lab.verdicts.finding import Verdict

Answers = Mapping[tuple[Verdict, ...], int]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long the calls of a play take, about, in seconds."""

    call_s: float = 1.2
    """A computation to be watched."""
    wait_s: float = 1.0
    """A read whose data comes late."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the live play: threads that share the act's calls evenly."""

    title: str
    twin: str
    threads: int
    """How many. One alone makes all calls, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act of the tour."""

    number: int
    title: str
    lines: tuple[str, ...]
    """What is told before the question."""
    question: str
    options: tuple[str, ...]
    """The answers to choose from, counted from 1."""
    threads: int
    """How many make a call each in the race."""
    kernel: str
    """Its name in the catalogue, or Path.read_bytes."""
    twins: tuple[str, ...]
    """Which of its twins are raced."""
    scenes: tuple[Scene, ...]
    answers: Answers
    """The right option, by the verdicts on the twins."""
    lessons: Mapping[int, str]
    """What to take home, by the right option."""
    cuts: Callable[[], tuple[Cut, ...]]
    """Cuts out the lines of code that made the difference."""
    descent: tuple[tuple[str, str], ...] = ()
    """The way down into CPython: function, and file in its source."""


def acts() -> tuple[Act, ...]:
    """All acts, in order."""
    return (_bytecode(), _call_c(), _one_line(), _libc(), _read_bytes())


ONE_TWIN: Answers = {
    (Verdict.NO_HELP,): 1,
    (Verdict.HELPS,): 2,
    (Verdict.PARTLY,): 3,
}


def _mandelbrot(
    number: int,
    title: str,
    twin: str,
    line: str,
    *,
    no_help: str,
    helps: str,
    cuts: Callable[[], tuple[Cut, ...]],
) -> Act:
    """An act on one twin of this kernel. line: what it is; no_help, helps: lessons."""
    return Act(
        number=number,
        title=title,
        lines=(
            line,
            "First, one thread calls it two times, one call after the other.",
            "Then two threads call it at the same time, once each.",
        ),
        question="How long do the two threads take, compared with the one?",
        options=("the same time", "half the time", "something in between"),
        threads=2,
        kernel="mandelbrot",
        twins=(twin,),
        scenes=(
            Scene("one thread, both calls", twin, threads=1),
            Scene("two threads, a call each", twin, threads=2),
        ),
        answers=ONE_TWIN,
        lessons={
            1: no_help,
            2: helps,
            3: "Threads helped, but less than the cores allow: something kept them "
            "apart.",
        },
        cuts=cuts,
    )


def _bytecode() -> Act:
    return _mandelbrot(
        1,
        "Two Python threads",
        "interpreter",
        "A function in plain Python draws a picture of the Mandelbrot set.",
        no_help="Only the thread that holds the GIL, one lock, runs Python code. So "
        "two threads take turns, 5 ms each as a rule, and gain nothing.",
        helps="Two threads ran Python code on two cores at once.",
        cuts=lambda: (
            cut("calls/pure_python.py", "mandelbrot", "while steps", "out[row"),
        ),
    )


def _call_c() -> Act:
    return _mandelbrot(
        2,
        '"So call C!"',
        "held",
        "The same picture, drawn by a compiled C function: no Python in it.",
        no_help="C helps no thread by being C. The thread that calls it holds the GIL "
        "until it returns; the other thread stands still.",
        helps="This C code ran on two cores at once.",
        cuts=lambda: (cut("kernels.pyx", "mandelbrot_held", "_mandelbrot("),),
    )


def _one_line() -> Act:
    return _mandelbrot(
        3,
        "One line more: with nogil",
        "released",
        "The same C function, with one line more around it: with nogil.",
        no_help="Even released, the call did not run on two cores at once.",
        helps="The same C, the same work. Somebody wrote down that the GIL is "
        "released, so both threads run.",
        cuts=lambda: (
            cut("kernels.pyx", "mandelbrot_held", "_mandelbrot("),
            cut("kernels.pyx", "mandelbrot_released", "with nogil:", "_mandelbrot("),
        ),
    )


def _libc() -> Act:
    return Act(
        number=4,
        title="libc's sleep(1), called in two ways",
        lines=(
            "ctypes loads the C library in two ways: PyDLL and CDLL.",
            "Through each, four threads call sleep(1) at the same moment.",
        ),
        question="How long do the four threads take?",
        options=(
            "PyDLL 4 s, CDLL 4 s",
            "PyDLL 4 s, CDLL 1 s",
            "PyDLL 1 s, CDLL 4 s",
            "PyDLL 1 s, CDLL 1 s",
        ),
        threads=4,
        kernel="libc.sleep",
        twins=("held", "released"),
        scenes=(
            Scene("PyDLL, four threads", "held", threads=4),
            Scene("CDLL, four threads", "released", threads=4),
        ),
        answers={
            (Verdict.NO_HELP, Verdict.NO_HELP): 1,
            (Verdict.NO_HELP, Verdict.HELPS): 2,
            (Verdict.HELPS, Verdict.NO_HELP): 3,
            (Verdict.HELPS, Verdict.HELPS): 4,
        },
        lessons={
            1: "Neither way let the threads sleep together.",
            2: "The same C function. PyDLL keeps the GIL while it sleeps; CDLL "
            "releases it around every call.",
            3: "The way that keeps the GIL let the threads sleep together.",
            4: "Both ways let the threads sleep together.",
        },
        cuts=lambda: (cut("catalogue.py", "_libc", "ctypes.PyDLL", "ctypes.CDLL"),),
    )


def _read_bytes() -> Act:
    return Act(
        number=5,
        title="Down to _Py_read",
        lines=(
            "Path.read_bytes() reads a pipe whose data comes one second late.",
            "Nothing in this code speaks of the GIL. Four threads read a pipe each.",
        ),
        question="How long do they take, compared with four reads one after another?",
        options=("the same time", "a quarter of the time", "something in between"),
        threads=4,
        kernel="Path.read_bytes",
        twins=("released",),
        scenes=(
            Scene("one thread, four reads", "released", threads=1),
            Scene("four threads, a read each", "released", threads=4),
        ),
        answers=ONE_TWIN,
        lessons={
            1: "The threads waited one after another.",
            2: "Somebody wrote the release down already: CPython itself does, around "
            "every read(2) that may wait.",
            3: "Some threads waited together, not all.",
        },
        cuts=lambda: (cut_function(Path.read_bytes, "open(", "return "),),
        descent=_descent(),
    )


def _descent() -> tuple[tuple[str, str], ...]:
    """From Python to the release: function, and file in CPython's source."""
    buffered = ("BufferedReader.read", "Modules/_io/bufferedio.c")
    return (
        ("io.open", "Modules/_io/_iomodule.c"),
        # Since 3.14 read_bytes asks for no buffer: it reads to the end anyway.
        *((buffered,) if sys.version_info < (3, 14) else ()),
        ("FileIO.readall", "Modules/_io/fileio.c"),
        ("_Py_read", "Python/fileutils.c"),
        ("Py_BEGIN_ALLOW_THREADS", "Include/ceval.h"),
        ("read(2)", "the system: wait here, without the GIL"),
    )
