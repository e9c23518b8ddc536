"""What is written is seen by another process; activities follow from it."""

import pytest

from lab.demo.activity import Snapshot, activities
from lab.demo.shared_progress import (
    ThreadProgress,
)
from lab.demo.symbols import Activity

SIGNS = {
    Activity.RUNS: "#",
    Activity.SLOW: "=",
    Activity.STILL: "_",
    Activity.OVER: " ",
}


def _line(*done: float, alone_s: float) -> str:
    """What a thread did that was this far at 0.1 s, 0.2 s, ..., a slice each."""
    snapshots = [
        Snapshot((place + 1) / 10, (ThreadProgress(part, inside=0 < part < 1),))
        for place, part in enumerate(done)
    ]
    # A hair shorter than the pause: no slice ends at a snapshot by rounding only.
    return "".join(
        SIGNS[activity] for activity in activities(snapshots, 0, alone_s, 0.0999)
    )


@pytest.mark.parametrize(
    ("done", "line"),
    [
        ((0.25, 0.5, 0.75, 1), "####"),
        ((0.125, 0.25, 0.375, 0.5), "===="),  # half speed
        ((0, 0, 0.25, 0.5), "__##"),
        ((0.25, 0.5, 0.5, 0.5), "##__"),
        ((0.5, 1, 1, 1), "##  "),  # over is not frozen
    ],
)
def test_activities_of_a_computation(done: tuple[float, ...], line: str) -> None:
    assert _line(*done, alone_s=0.4) == line


def test_a_late_snapshot_is_no_freeze() -> None:
    """The watcher lost its core for a while: the thread grew all the same."""
    snapshots = [
        Snapshot(0.1, (ThreadProgress(0.1, True),)),
        Snapshot(1.0, (ThreadProgress(1.0, False),)),
    ]
    assert set(activities(snapshots, 0, 1.0, 0.1)) == {Activity.RUNS}


def test_activities_of_a_call_that_waits() -> None:
    states = [(0, False), (0, False), (0, True), (0, True), (1, False), (1, False)]
    snapshots = [
        Snapshot((place + 1) / 10, (ThreadProgress(done, inside),))
        for place, (done, inside) in enumerate(states)
    ]
    line = "".join(
        SIGNS[activity] for activity in activities(snapshots, 0, None, 0.0999)
    )
    assert line == "___## "


def test_a_wait_is_under_way_or_not() -> None:
    """Seen in the middle of slices: there is no half speed."""
    snapshots = [
        Snapshot(place / 10 + 0.06, (ThreadProgress(0, inside=place in (1, 2)),))
        for place in range(5)
    ]
    assert set(activities(snapshots, 0, None, 0.1)) == {Activity.RUNS, Activity.STILL}


def test_nothing_seen_yet() -> None:
    assert activities([], 0, 1.0, 0.1) == []
