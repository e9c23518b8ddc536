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
    """One call of one thread; all three take no arguments.

    before: made right before the call, outside its time. check: given what the
    call returned, after it; raises OSError when the call did not do its work.
    """

    run: Callable[[], object]
    before: Callable[[], object] | None = None
    check: Callable[[Any], None] | None = None


# Given a number of threads, the calls they make and what must live meanwhile.
Workload = Callable[[int], AbstractContextManager[Sequence[Call]]]


@dataclass(frozen=True)
class Twin:
    """One way to make the call.

    name: held, released, interpreter or numpy. via: what makes the call. scale: the
    workload of a call with so much work, 1 or more; None where the work is fixed.
    workload: with the least work, where it can be scaled (see `sized`).
    """

    name: str
    via: str
    workload: Workload
    claim: Claim
    function: Callable[..., Any] | None = None
    scale: Callable[[int], Workload] | None = None

    def sized(self, size: int | None) -> "Twin":
        """This twin with calls of so much work; itself where the work is fixed."""
        if self.scale is None or size is None:
            return self
        return replace(self, workload=self.scale(size))


@dataclass(frozen=True)
class Kernel:
    """A row of the catalogue.

    rounds: races that a measurement takes, over all processes of a run. delay_s: how
    long a blocking call blocks. threads: in how many it is raced, unless bound by
    cores. beside: it takes seconds and no processor, so that it can be raced while
    others are. source: where CPython makes or releases such calls, file and function.
    sample: fresh, small arguments on which the twins that have a `function` agree
    bit for bit, in their result and in every array they were given.
    """

    name: str
    bound: Bound
    twins: tuple[Twin, ...]
    rounds: int = 12
    delay_s: float | None = None
    source: str = ""
    threads: int = 8
    beside: bool = False
    sample: Callable[[], tuple[Any, ...]] | None = None

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
