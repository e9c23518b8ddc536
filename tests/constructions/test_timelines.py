"""Calls in two threads, under the scope and as they note them themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from lab.calls.kernel import Call, Twin, held, released
from lab.constructions.timelines import CALLS, timeline
from lab.instruments.scope import unavailable
from lab.kernels import nanosleep_held, nanosleep_released
from lab.records.race import Claim

CALL_S = 0.02
pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


def test_each_thread_notes_its_calls_beside_what_the_scope_saw() -> None:
    found = timeline("sleep", released(nanosleep_released, lambda: (CALL_S,)))
    assert (found.kernel, found.twin) == ("sleep", "released")
    assert [span.thread for span in found.calls] == ["racer-0"] * CALLS + [
        "racer-1"
    ] * CALLS
    for span in found.calls:
        assert span.leave_s - span.enter_s >= CALL_S
        assert span.leave_s <= found.trace.duration_s
    for before, after in zip(found.calls, found.calls[1:], strict=False):
        assert before.thread != after.thread or before.leave_s <= after.enter_s
    assert {"racer-0", "racer-1"} <= {one.name for one in found.trace.threads}


def test_held_calls_stand_one_after_the_other_in_the_trace_alone() -> None:
    """What a naive tracer notes overlaps: a thread loses the GIL before its stamp."""
    found = timeline("sleep", held(nanosleep_held, lambda: (CALL_S,)))
    inside_s = 2 * CALLS * CALL_S
    assert found.trace.duration_s >= inside_s
    most = found.trace.held + 2 * found.trace.error
    assert most * found.trace.duration_s >= inside_s


def test_what_a_call_raises_is_raised() -> None:
    def wrong(value: object) -> None:
        raise OSError("not what it should be")

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        yield [Call(lambda: None, check=wrong)] * threads

    with pytest.raises(OSError, match="not what it should be"):
        timeline("wrong", Twin("held", "nobody", workload, Claim.NO_HELP))
