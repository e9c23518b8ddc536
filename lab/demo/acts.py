"""The five acts: what is asked, what is played, which verdict makes which answer right.

Data only. No act knows its answer: the verdicts on what was measured pick it.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.demo.source_lines import Cut, cut, cut_function
from lab.verdicts.races import Verdict

Answers = Mapping[tuple[Verdict, ...], int]


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the live play: threads that share the act's calls evenly.

    With one thread, that one makes them all, one after the other.
    """

    title: str
    twin: str
    threads: int


@dataclass(frozen=True)
class Act:
    """One act of the tour.

    lines: what is told before the question. options: the answers to choose from,
    counted from 1. threads: how many make a call each. kernel, twins: what is
    measured. scenes: what is played. answers: from the verdicts on the twins to the
    right option. lessons: what to take home, by the right option. cuts: the code
    that made the difference. descent: a way down into CPython, function and file.
    """

    number: int
    title: str
    lines: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    threads: int
    kernel: str
    twins: tuple[str, ...]
    scenes: tuple[Scene, ...]
    answers: Answers
    lessons: Mapping[int, str]
    cuts: Callable[[], tuple[Cut, ...]]
    descent: tuple[tuple[str, str], ...] = field(default=())


def acts() -> tuple[Act, ...]:
    """All acts, in order."""
    return (_turns(), _call_c(), _one_line(), _libc(), _read_bytes())


HALF = ("the same time", "half the time", "something in between")
BOTH = (
    "First, one thread calls it two times, one call after the other.",
    "Then two threads call it at the same time, once each.",
)
QUESTION = "How long do the two threads take, compared with the one?"
ONE_TWIN: Answers = {
    (Verdict.NO_HELP,): 1,
    (Verdict.HELPS,): 2,
    (Verdict.PARTLY,): 3,
}
BETWEEN = "Threads helped, but less than the cores allow: something kept them apart."


def _both(twin: str) -> tuple[Scene, ...]:
    return (
        Scene("one thread, both calls", twin, 1),
        Scene("two threads, a call each", twin, 2),
    )


def _turns() -> Act:
    return Act(
        1,
        "Two Python threads",
        ("A function in plain Python draws a picture of the Mandelbrot set.", *BOTH),
        QUESTION,
        HALF,
        2,
        "mandelbrot",
        ("interpreter",),
        _both("interpreter"),
        ONE_TWIN,
        {
            1: "Only the thread that holds the GIL, one lock, runs Python code. So two "
            "threads take turns, 5 ms each as a rule, and gain nothing.",
            2: "Two threads ran Python code on two cores at once.",
            3: BETWEEN,
        },
        lambda: (cut("calls/pure_python.py", "mandelbrot", "while steps", "out[row"),),
    )


def _call_c() -> Act:
    return Act(
        2,
        '"So call C!"',
        ("The same picture, drawn by a compiled C function: no Python in it.", *BOTH),
        QUESTION,
        HALF,
        2,
        "mandelbrot",
        ("held",),
        _both("held"),
        ONE_TWIN,
        {
            1: "C helps no thread by being C. The thread that calls it holds the GIL "
            "until it returns; the other thread stands still.",
            2: "This C code ran on two cores at once.",
            3: BETWEEN,
        },
        lambda: (cut("kernels.pyx", "mandelbrot_held", "_mandelbrot("),),
    )


def _one_line() -> Act:
    return Act(
        3,
        "One line more: with nogil",
        ("The same C function, with one line more around it: with nogil.", *BOTH),
        QUESTION,
        HALF,
        2,
        "mandelbrot",
        ("released",),
        _both("released"),
        ONE_TWIN,
        {
            1: "Even released, the call did not run on two cores at once.",
            2: "The same C, the same work. Somebody wrote down that the GIL is "
            "released, so both threads run.",
            3: BETWEEN,
        },
        lambda: (
            cut("kernels.pyx", "mandelbrot_held", "_mandelbrot("),
            cut("kernels.pyx", "mandelbrot_released", "with nogil:", "_mandelbrot("),
        ),
    )


def _libc() -> Act:
    return Act(
        4,
        "libc's sleep(1), called in two ways",
        (
            "ctypes loads the C library in two ways: PyDLL and CDLL.",
            "Through each, four threads call sleep(1) at the same moment.",
        ),
        "How long do the four threads take?",
        (
            "PyDLL 4 s, CDLL 4 s",
            "PyDLL 4 s, CDLL 1 s",
            "PyDLL 1 s, CDLL 4 s",
            "PyDLL 1 s, CDLL 1 s",
        ),
        4,
        "libc.sleep",
        ("held", "released"),
        (
            Scene("PyDLL, four threads", "held", 4),
            Scene("CDLL, four threads", "released", 4),
        ),
        {
            (Verdict.NO_HELP, Verdict.NO_HELP): 1,
            (Verdict.NO_HELP, Verdict.HELPS): 2,
            (Verdict.HELPS, Verdict.NO_HELP): 3,
            (Verdict.HELPS, Verdict.HELPS): 4,
        },
        {
            1: "Neither way let the threads sleep together.",
            2: "The same C function. PyDLL keeps the GIL while it sleeps; CDLL "
            "releases it around every call.",
            3: "The way that keeps the GIL let the threads sleep together.",
            4: "Both ways let the threads sleep together.",
        },
        lambda: (cut("catalogue.py", "_libc", "ctypes.PyDLL", "ctypes.CDLL"),),
    )


def _read_bytes() -> Act:
    return Act(
        5,
        "Down to _Py_read",
        (
            "Path.read_bytes() reads a pipe whose data comes one second late.",
            "Nothing in this code speaks of the GIL. Four threads read a pipe each.",
        ),
        "How long do they take, compared with four reads one after another?",
        ("the same time", "a quarter of the time", "something in between"),
        4,
        "Path.read_bytes",
        ("released",),
        (
            Scene("one thread, four reads", "released", 1),
            Scene("four threads, a read each", "released", 4),
        ),
        ONE_TWIN,
        {
            1: "The threads waited one after another.",
            2: "Somebody wrote the release down already: CPython itself does, around "
            "every read(2) that may wait.",
            3: "Some threads waited together, not all.",
        },
        lambda: (cut_function(Path.read_bytes, "open(", "return "),),
        _descent(),
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
