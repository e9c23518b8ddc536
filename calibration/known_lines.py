"""Programs that hold the GIL on known lines, each marked with "# holds"."""

import ctypes
import inspect
from collections.abc import Callable, Iterator
from functools import cached_property, partial, reduce, wraps
from typing import Any

from lab import kernels

Hold = Callable[[float], object]
PARTS = 20
MARK = "# holds"
# Of one piece of source, executed: its own file, its lines from here on.
EXECUTED, FIRST = "<executed {}>", 7

_usleep = ctypes.PyDLL(None).usleep


def cython(seconds: float) -> None:
    """Sleep and hold, in Cython."""
    kernels.nanosleep_held(seconds)  # holds


def pydll(seconds: float) -> None:
    """Sleep and hold, in a C library."""
    _usleep(int(seconds * 1e6))  # holds


def in_turn(seconds: float) -> None:
    """Two lines, one three times as long as the other."""
    for _ in range(PARTS):
        kernels.nanosleep_held(seconds / PARTS / 4)  # holds
        kernels.nanosleep_held(
            3 * seconds / PARTS / 4,
        )  # the line before the last holds


def recursion(seconds: float, depth: int = PARTS) -> None:
    """A level of the stack more for each part."""
    kernels.nanosleep_held(seconds / (PARTS + 1))  # holds
    if depth:
        recursion(seconds, depth - 1)


def generator(seconds: float) -> None:
    """Generators within each other."""

    def inner() -> Iterator[None]:
        for _ in range(PARTS):
            kernels.nanosleep_held(seconds / PARTS)  # holds
            yield

    def outer() -> Iterator[None]:
        yield from inner()

    for _ in outer():
        pass


def comprehension(seconds: float) -> None:
    """A list in a comprehension."""
    [
        _usleep(int(seconds / PARTS * 1e6))  # holds
        for _ in range(PARTS)
    ]


def decorated(seconds: float) -> None:
    """Decorators, a property and partial functions in between."""

    def around(function: Callable[[], None]) -> Callable[[], None]:
        @wraps(function)
        def called() -> None:
            return function()

        return called

    class Parts:
        @cached_property
        @partial(reduce, lambda function, _: around(function), range(0))
        def none(self) -> None: ...

        @property
        def one(self) -> None:
            kernels.nanosleep_held(seconds / PARTS)  # holds
            return None

    @around
    @around
    def part() -> None:
        return Parts().one

    for _ in range(PARTS):
        part()


def called_from_c(seconds: float) -> None:
    """Python called by C called by Python."""

    def key(_: int) -> int:
        kernels.nanosleep_held(seconds / PARTS)  # holds
        return 0

    sorted(range(PARTS), key=key)


def executed(seconds: float) -> None:
    """Code made, run and thrown away, so that addresses are used again. To make it
    holds, too: on a busy machine for as long as it then has no core."""
    for part in range(PARTS):
        source = "\n" * (FIRST - 1) + "def run(): hold(seconds)\nrun()\n"
        names: dict[str, Any] = {
            "hold": kernels.nanosleep_held,
            "seconds": seconds / PARTS,
        }
        code = compile(source, EXECUTED.format(part), "exec")  # holds
        exec(code, names)


def bytecode(seconds: float) -> None:
    """Nothing but bytecode, on two lines. Half a second on any machine: some seconds
    of a slow one."""
    for _ in range(int(2_000_000 * seconds)):  # holds
        _ = (_ * _ + 1) % 7  # holds


PROGRAMS = (
    cython,
    pydll,
    in_turn,
    recursion,
    generator,
    comprehension,
    decorated,
    called_from_c,
    executed,
    bytecode,
)


def lines(program: Hold) -> set[tuple[str, int]]:
    """Where this program holds: file and line."""
    source, first = inspect.getsourcelines(program)
    marked = {place + first for place, text in enumerate(source) if MARK in text}
    if program is in_turn:
        marked.add(min(marked) + 1)
    found = {(__file__, line) for line in marked}
    if program is executed:
        found |= {(EXECUTED.format(part), FIRST) for part in range(PARTS)}
    return found
