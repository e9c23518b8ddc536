"""Who holds the GIL, drawn: traces of two threads that make the same call.

Each twin is called once in two threads under the scope. Its trace is kept in the
run, with when each call began and ended, and beside it: `python -m lab trace FILE`
draws it. These are runs of their own, as a scope costs processor time that a race
must not lose. It surprises that a held sleep looks just like a held computation: to
the others it is the same.
"""

from collections.abc import Iterator

import pytest

from lab.catalogue import catalogue
from lab.race import Crew
from lab.records import Recorder, Series, Span, Timeline
from lab.scope import Scope, unavailable

KEPT = (
    ("mandelbrot", "held"),
    ("mandelbrot", "released"),
    ("mandelbrot", "interpreter"),
    ("libc.usleep", "held"),
    ("libc.usleep", "released"),
)


@pytest.mark.parametrize(("name", "twin_name"), KEPT)
def test_traces(record: Recorder, name: str, twin_name: str) -> None:
    """One trace, and the part of its time in which nobody held the GIL."""
    reason = unavailable()
    if reason:
        pytest.skip(f"no scope: {reason}")
    kernel = next(kernel for kernel in catalogue() if kernel.name == name)
    twin = next(twin for twin in kernel.twins if twin.name == twin_name)

    def measure() -> Iterator[Series | Timeline]:
        with twin.setting(2) as calls, Crew(calls) as crew, Scope() as scope:
            crew.go()
        began_ns = scope.began_ns
        spans = tuple(
            Span(
                f"racer-{place}",
                (lap.enter_ns - began_ns) / 1e9,
                (lap.leave_ns - began_ns) / 1e9,
            )
            for place, lap in enumerate(crew.laps())
        )
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
