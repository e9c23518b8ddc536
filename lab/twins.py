"""What a kernel and its twins are, apart from which there are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any


class Bound(StrEnum):
    """What a kernel's speed is bound by."""

    COMPUTE = "compute"
    MEMORY = "memory"
    BLOCKING = "blocking"


class Claim(StrEnum):
    """What is said of a twin before anything is measured."""

    HELPS = "threads help"
    HELPS_SOME = "threads help, as far as memory allows"
    NO_HELP = "threads do not help"
    TO_CEILING = "threads help up to the ceiling"


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
Setting = Callable[[int], AbstractContextManager[Sequence[Call]]]


@dataclass(frozen=True)
class Twin:
    """One way to make the call.

    name: held, released, interpreter or numpy. via: what makes the call.
    """

    name: str
    via: str
    setting: Setting
    claim: Claim
    function: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Kernel:
    """A row of the catalogue.

    delay_s: how long a blocking call blocks. rounds: races a measurement takes.
    source: where CPython makes or releases such calls, file and function.
    sample: fresh, small arguments on which the twins that have a `function` agree
    bit for bit, in their result and in every array they were given.
    """

    name: str
    bound: Bound
    twins: tuple[Twin, ...]
    rounds: int = 7
    delay_s: float | None = None
    source: str = ""
    sample: Callable[[], tuple[Any, ...]] | None = None


def each(function: Callable[..., Any], arguments: Callable[[], Any]) -> Setting:
    """Every thread calls function(*arguments()), with arguments of its own."""

    @contextmanager
    def setting(threads: int) -> Iterator[Sequence[Call]]:
        yield [Call(partial(function, *arguments())) for _ in range(threads)]

    return setting


def held(
    function: Callable[..., Any], arguments: Callable[[], Any], via: str = "Cython"
) -> Twin:
    """The twin that keeps the GIL."""
    return Twin("held", via, each(function, arguments), Claim.NO_HELP, function)


def released(
    function: Callable[..., Any],
    arguments: Callable[[], Any],
    via: str = "Cython",
    claim: Claim = Claim.HELPS,
) -> Twin:
    """The twin that lets the GIL go."""
    return Twin("released", via, each(function, arguments), claim, function)


def bytecode(function: Callable[..., Any], arguments: Callable[[], Any]) -> Twin:
    """The twin written in Python."""
    setting = each(function, arguments)
    return Twin("interpreter", "bytecode", setting, Claim.NO_HELP, function)
