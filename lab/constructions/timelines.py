"""Threads that make the same calls, under the scope and as they note it themselves."""

import time
from collections.abc import Callable
from functools import partial

from lab.calls.kernel import Call, Twin
from lab.instruments.race import RACER, Crew
from lab.instruments.scope import Scope
from lab.records.timeline import Span, Timeline

CALLS = 3
# For the eye: sampled more often, the scope would want half a core of two.
INTERVAL_S = 1e-4


def timeline(kernel: str, twin: Twin) -> Timeline:
    """A few calls of a twin in two threads. Raises what a call raises."""
    noted: list[list[tuple[int, int]]] = [[], []]
    with twin.workload(2) as calls:
        traced = [
            Call(partial(_trace_naively, call, spans_ns))
            for call, spans_ns in zip(calls, noted, strict=True)
        ]
        with Crew(traced) as crew, Scope(INTERVAL_S) as scope:
            crew.go()
        crew.laps()  # raises what a call raised
    return Timeline(kernel, twin.name, _spans(noted, scope.began_ns), scope.trace)


def _trace_naively(call: Call, spans_ns: list[tuple[int, int]]) -> None:
    clock: Callable[[], int] = time.monotonic_ns
    for _ in range(CALLS):
        enter_ns = clock()
        value = call.run()
        leave_ns = clock()
        spans_ns.append((enter_ns, leave_ns))
        if call.check is not None:
            call.check(value)


def _spans(noted: list[list[tuple[int, int]]], began_ns: int) -> tuple[Span, ...]:
    """Each thread's calls, in seconds since began_ns; threads named as Crew's are."""
    return tuple(
        Span(
            f"{RACER}{place}", (enter_ns - began_ns) / 1e9, (leave_ns - began_ns) / 1e9
        )
        for place, spans_ns in enumerate(noted)
        for enter_ns, leave_ns in spans_ns
    )
