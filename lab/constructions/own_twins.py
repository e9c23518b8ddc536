"""A twin of the user's, tried and made ready to be raced.

A call that is far shorter than a race wants is repeated from C, so that no bytecode
runs between two calls.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from lab.calls.agreement import agree, short
from lab.calls.kernel import Call, Kernel, Twin
from lab.calls.own import ALONE, ArgumentsError, Own, made_by
from lab.instruments.pilot import CALL_S, find
from lab.instruments.race import lap
from lab.instruments.stopwatch import repeat
from lab.records.race import WHOLE_CORE, Bound, Claim, Lap

# As long as waking a thread takes, or longer: handing over the GIL costs as much as
# the call, whatever the processor.
SHORT_S = 5e-5
# In so many threads a call that blocks is raced.
THREADS = 4
# On a busy machine any call may seem to wait: so often it must, to be taken for one.
TRIES = 3
# A pilot that knows nothing of the work goes in small steps.
STEP = 2

# Told what is called, right before it is.
Before = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CallPlan:
    """How a twin is called in a race."""

    size: int
    """Its one argument; 0 where the arguments are the user's own."""
    times: int
    """How often it is called in a row, which counts as one call."""
    wall_ns: int
    """How long these calls take."""
    waits: int
    """1 if for a part of that time it waits instead of computing, else 0."""

    @property
    def short(self) -> bool:
        """Whether one call takes less than SHORT_S."""
        return self.times > CALL_S / SHORT_S


def arguments(own: Own, size: int) -> tuple[Any, ...]:
    """Of one call, made anew. ArgumentsError where the user's code cannot."""
    if own.sized:
        return (size,)
    try:
        return own.arguments()
    except ArgumentsError:
        raise
    except Exception as error:
        reason = f"{own.name}_args() raised {type(error).__name__}: {error}"
        raise ArgumentsError(reason) from error


def tried(own: Own, name: str, size: int, before: Before) -> CallPlan:
    """Call a twin until it is known how to race it. Raises what it raises.

    size: of another twin that takes the same argument, or 0.
    """
    function = own.functions[name]

    def took(size: int, times: int) -> Lap:
        args = arguments(own, size)
        before(f"{function.__name__}({', '.join(map(short, args))})")
        return lap(Call(_run(function, args, times)))

    def took_s(size: int) -> float:
        try:
            return _busy_s(took(size, 1))
        except (OverflowError, MemoryError) as error:
            raise ValueError from error  # more than it takes

    if own.sized and not size:
        took(1, 1)  # what this raises is no matter of size
        size = find(took_s, step=STEP)
    laps, times = [took(size, 1)], 1
    if _busy_s(laps[0]) < CALL_S / 2:
        times = find(lambda times: _busy_s(took(size, times)))
        laps = [took(size, times)]
    while all(map(_waited, laps)):
        if len(laps) == TRIES:
            break
        laps.append(took(size, times))
    shortest_ns = min(one.wall_ns for one in laps)
    return CallPlan(size, times, shortest_ns, int(all(map(_waited, laps))))


def outcome(own: Own, name: str, args: tuple[Any, ...], before: Before) -> Any:
    """What a call returns, and its arguments after it. Raises what it raises."""
    function = own.functions[name]
    got: list[Any] = []
    before(f"{function.__name__}({', '.join(map(short, args))})")
    lap(Call(partial(function, *args), check=got.append))
    return got[0], args


def difference(first: tuple[str, Any], other: tuple[str, Any]) -> str:
    """How two outcomes of twins differ, in words; empty where they agree.

    Each by the name of its function. Raises IncomparableError.
    """
    (one, (returned, left)), (two, (returned_2, left_2)) = first, other
    if not agree(returned, returned_2):
        return f"{two} returned {short(returned_2)}, {one} {short(returned)}"
    if not agree(left, left_2):
        return f"{two} left other values in its arguments than {one}"
    return ""


def raceable(own: Own, name: str, plan: CallPlan, blocks: bool, rounds: int) -> Kernel:
    """A kernel of one twin. blocks: as its first twin does."""
    function = own.functions[name]

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        yield [
            Call(_run(function, arguments(own, plan.size), plan.times))
            for _ in range(threads)
        ]

    via = made_by(function)
    twin = Twin(name, via, workload, _claim(name, plan, blocks), function)
    return Kernel(
        own.name,
        Bound.BLOCKING if blocks else Bound.COMPUTE,
        (twin,),
        rounds=rounds,
        delay_s=plan.wall_ns / 1e9 if blocks else None,
        threads=THREADS,
    )


def _claim(name: str, plan: CallPlan, blocks: bool) -> Claim:
    """What the name says; of a function alone, no more than what its ceiling allows."""
    if name == ALONE or (name == "released" and plan.short):
        return Claim.TO_CEILING
    if name == "interpreter" and blocks:  # Python's own calls may release
        return Claim.TO_CEILING
    return Claim.HELPS if name == "released" else Claim.NO_HELP


def _run(
    function: Callable[..., Any], args: tuple[Any, ...], times: int
) -> Callable[[], object]:
    if times == 1:
        return partial(function, *args)
    return partial(repeat, function, args, {}, times)


def _busy_s(one: Lap) -> float:
    """Of a call in one thread, without the time in which it had no core; never 0."""
    return max(1, one.cpu_ns, one.wall_ns - (one.starved_ns or 0)) / 1e9


def _waited(one: Lap) -> bool:
    return one.cpu_ns < WHOLE_CORE * (one.wall_ns - (one.starved_ns or 0))
