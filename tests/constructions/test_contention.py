"""Time wanted against time held."""

from dataclasses import replace
from functools import partial

import pytest

from lab.constructions import contention
from lab.constructions.switching import spin
from lab.instruments.scope import unavailable
from lab.records.trace import Segment
from tests.traces import TRACE, thread

THREADS = tuple(thread(name, 10) for name in ("MainThread", "racer-0", "racer-1"))
SEEN = replace(
    TRACE,
    threads=THREADS,
    segments=(
        Segment(0, "wants", 0.0, 4.0),
        Segment(1, "holds", 0.0, 2.0),
        Segment(1, "wants", 2.0, 3.0),
        Segment(1, "blocked", 3.0, 4.0),
        Segment(2, "wants", 0.5, 1.5),
        Segment(2, "ready", 1.5, 2.0),
        Segment(2, "holds", 2.0, 4.0),
    ),
    lines=(),
    stacks=(),
    has_lines=False,
)


def test_only_racers_count_and_only_while_all_are_at_it() -> None:
    found = contention.within(SEEN, 1.0, 3.0)
    assert found == contention.Contention(2.0, 1.5, 0.5, 4.0)
    assert found.waiting_per_held == pytest.approx(1.0)
    assert found.wanted == pytest.approx(0.375)
    assert contention.within(SEEN, 5.0, 6.0).waiting_per_held is None


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_one_of_three_threads_of_bytecode_holds_it() -> None:
    found = contention.contention(partial(spin, 0.1), 3)
    if found is None:
        pytest.skip("the machine is too busy, or the system does not tell")
    assert found.waiting_per_held is None or found.waiting_per_held > 1
    assert found.held_s < 1.1 * found.whole_s / 3


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_what_a_thread_raises_propagates() -> None:
    with pytest.raises(ZeroDivisionError):
        contention.contention(lambda: 1 / 0, 2)
