"""What a kernel and its twins are, apart from which there are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Any

from lab.records.race import Bound, Claim


@dataclass(frozen=True)
class Call:
    """One call of one thread."""

    run: Callable[[], object]
    """The call itself."""
    before: Callable[[], object] | None = None
    """Made right before the call, outside its time."""
    check: Callable[[Any], None] | None = None
    """Given what the call returned; raises OSError if that is not what it should be."""

    def whole(self) -> None:
        """Make it, with what is before and after."""
        if self.before is not None:
            self.before()
        value = self.run()
        if self.check is not None:
            self.check(value)


# Given a number of threads, the calls they make and what must live meanwhile.
Workload = Callable[[int], AbstractContextManager[Sequence[Call]]]


@dataclass(frozen=True)
class Twin:
    """One way to make the call."""

    name: str
    """held, released, interpreter or another."""
    via: str
    """What makes the call, such as Cython or ctypes."""
    workload: Workload
    """The calls; with the least work where that can be chosen (see `sized`)."""
    claim: Claim
    """What is claimed of it."""
    function: Callable[..., Any] | None = None
    """What is called, where the tests can compare its results with other twins'."""
    scale: Callable[[int], Workload] | None = None
    """The calls with so much work, 1 or more; None where the work is fixed."""

    def sized(self, size: int | None) -> "Twin":
        """This twin with calls of so much work; itself where the work is fixed."""
        if self.scale is None or size is None:
            return self
        return replace(self, workload=self.scale(size))


@dataclass(frozen=True)
class Kernel:
    """A row of the catalogue."""

    name: str
    """Of the kernel."""
    bound: Bound
    """What bounds its speed."""
    twins: tuple[Twin, ...]
    """The ways to make the call."""
    rounds: int = 12
    """Races that a measurement takes, over all processes of a run."""
    delay_s: float | None = None
    """How long a blocking call blocks."""
    source: str = ""
    """Where CPython makes or releases such calls: file and function."""
    threads: int = 8
    """In how many it is raced, where cores do not limit that."""
    beside: bool = False
    """It takes seconds and no processor: it can be raced while others are."""
    sample: Callable[[], tuple[Any, ...]] | None = None
    """Fresh, small arguments on which the twins that have a `function` agree bit for
    bit, in their result and in every array they were given."""

    def twin(self, name: str) -> Twin:
        """The twin of that name. StopIteration if there is none."""
        return next(twin for twin in self.twins if twin.name == name)


# The arguments of one call, made anew for each thread: as a function of the size of
# its work, which a pilot chooses, or without a parameter for work that is fixed.
Arguments = Callable[..., tuple[Any, ...]]


def each(function: Callable[..., Any], arguments: Callable[[], Any]) -> Workload:
    """Every thread calls function(*arguments()), with arguments of its own."""

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        yield [Call(partial(function, *arguments())) for _ in range(threads)]

    return workload


def twin(
    name: str,
    function: Callable[..., Any],
    arguments: Arguments,
    claim: Claim,
    via: str,
) -> Twin:
    """A twin whose threads each call function(*arguments(size)), or without a size."""
    if not signature(arguments).parameters:
        return Twin(name, via, each(function, arguments), claim, function)

    def scale(size: int) -> Workload:
        return each(function, partial(arguments, size))

    return Twin(name, via, scale(1), claim, function, scale)


def held(
    function: Callable[..., Any], arguments: Arguments, via: str = "Cython"
) -> Twin:
    """The twin that keeps the GIL."""
    return twin("held", function, arguments, Claim.NO_HELP, via)


def released(
    function: Callable[..., Any],
    arguments: Arguments,
    via: str = "Cython",
    claim: Claim = Claim.HELPS,
) -> Twin:
    """The twin that lets the GIL go."""
    return twin("released", function, arguments, claim, via)


def bytecode(function: Callable[..., Any], arguments: Arguments) -> Twin:
    """The twin written in Python."""
    return twin("interpreter", function, arguments, Claim.NO_HELP, "bytecode")
