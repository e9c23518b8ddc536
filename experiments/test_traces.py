"""Who holds the GIL, drawn: traces of two threads that make the same calls.

Each twin is called a few times in two threads under the scope. Its trace is kept in
the run, with what a naive tracer notes in Python, when each call began and ended; and
beside it: `python -m lab trace FILE` draws it. These are runs of their own, as a scope
costs processor time that a race must not lose. It surprises that a held sleep looks
just like a held computation, as to the others it is the same; and that to the naive
tracer held calls look parallel: a thread whose call is over must wait for the GIL,
while the other makes its call, before it can note the end.
"""

from collections.abc import Iterator

import pytest

from lab.catalogue import catalogue
from lab.constructions.timelines import timeline
from lab.instruments.pilot import Sizes, sized
from lab.instruments.scope import unavailable
from lab.records.series import Recorder, Series
from lab.records.timeline import Timeline

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
        found = timeline(name, twin)
        yield found
        yield Series(
            "traces",
            f"{name} {twin_name}",
            claim="time in which nobody holds the GIL, two threads",
            unit="",
            values=(found.trace.gil_free,),
            error=found.trace.error,
        )

    record(lambda: list(measure()))
