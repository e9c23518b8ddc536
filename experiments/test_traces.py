"""Who holds the GIL, drawn: traces of two threads that make the same calls.

Each twin is called a few times in two threads under the scope. Its trace is kept in
the run, with what a naive tracer notes in Python, when each call began and ended; and
beside it: `python -m lab trace FILE` draws it. These are runs of their own, as a scope
costs processor time that a race must not lose. It surprises that a held sleep looks
just like a held computation, as to the others it is the same; and that to the naive
tracer held calls look parallel: a thread whose call is over must wait for the GIL,
while the other makes its call, before it can note the end.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.calls.kernel import Call
from lab.catalogue import catalogue
from lab.instruments.pilot import Sizes, sized
from lab.instruments.race import Crew
from lab.instruments.scope import Scope, unavailable
from lab.records.series import Recorder, Series
from lab.records.timeline import Span, Timeline

CALLS = 3
# For the eye: sampled more often, the scope would want half a core of two.
INTERVAL_S = 1e-4
KEPT = (
    ("mandelbrot", "held"),
    ("mandelbrot", "released"),
    ("mandelbrot", "interpreter"),
    ("libc.usleep", "held"),
    ("libc.usleep", "released"),
)


@pytest.mark.once
@pytest.mark.parametrize(("name", "twin_name"), KEPT)
def test_traces(
    record: Recorder,
    sizes: Sizes,
    sizes_before: dict[str, int],
    name: str,
    twin_name: str,
) -> None:
    """One trace, and the part of its time in which nobody held the GIL."""
    reason = unavailable()
    if reason:
        pytest.skip(f"no scope: {reason}")
    kernel = next(kernel for kernel in catalogue() if kernel.name == name)
    twin, _ = sized(kernel, kernel.twin(twin_name), sizes, sizes_before)

    def measure() -> Iterator[Series | Timeline]:
        noted: list[list[tuple[int, int]]] = [[], []]
        with twin.workload(2) as calls:
            traced = [
                Call(partial(_trace_naively, call, spans_ns))
                for call, spans_ns in zip(calls, noted, strict=True)
            ]
            with Crew(traced) as crew, Scope(INTERVAL_S) as scope:
                crew.go()
            crew.laps()  # raises what a call raised
        spans = _spans(noted, scope.began_ns)
        yield Timeline(name, twin_name, spans, scope.trace)
        yield Series(
            "traces",
            f"{name} {twin_name}",
            claim="time in which nobody holds the GIL, two threads",
            unit="",
            values=(scope.trace.gil_free,),
            error=scope.trace.error,
        )

    record(lambda: list(measure()))


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
        Span(f"racer-{place}", (enter_ns - began_ns) / 1e9, (leave_ns - began_ns) / 1e9)
        for place, spans_ns in enumerate(noted)
        for enter_ns, leave_ns in spans_ns
    )
