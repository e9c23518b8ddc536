"""Acts in their child: what is seen live, what is handed over, what is left."""

import dataclasses
from itertools import pairwise

import pytest

from lab.demo.acts import Sizes
from lab.demo.outcome import ActFinding
from lab.demo.runner import Performance, PlayError, SceneView, act, play
from lab.errors import UsageError
from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled

SMALL = Sizes(call_s=0.4, wait_s=0.3)


def _watched(number: int) -> tuple[list[SceneView], ActFinding]:
    with Performance(act(number), SMALL) as performance:
        phases = list(performance.follow())
        assert phases.count("measuring") == 1
        assert phases[-1] == "measuring"  # nothing to be drawn after it
        return performance.views, performance.outcome()


def _grow_together(view: SceneView) -> bool:
    """Whether both threads' images were ever seen unfinished, two times in a row.

    Once is not enough: the two are not read in one moment, and between them one may
    come to its end and the other begin.
    """
    both = [
        all(0 < thread.done < 1 for thread in each.threads) for each in view.snapshots
    ]
    return any(map(all, pairwise(both)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "together"),
    [
        (1, True),  # turns of 5 ms
        pytest.param(
            2,
            False,
            marks=pytest.mark.skipif(not gil_enabled(), reason="there is no GIL"),
        ),
        (3, True),
    ],
)
def test_who_computes_beside_whom(number: int, together: bool) -> None:
    views, outcome = _watched(number)
    alone, threads = views
    assert [view.scene for view in views] == list(act(number).scenes)
    for view in views:
        assert [thread.done for thread in view.snapshots[-1].threads] == [1] * len(
            view.snapshots[0].threads
        )
        assert view.wall_s is not None
        assert view.alone_s is not None
    assert len(alone.snapshots[0].threads) == 1
    assert len(threads.snapshots[0].threads) == 2
    assert _grow_together(threads) == together
    (finding,) = outcome.findings
    assert finding.race.twin == act(number).twins[0]
    assert finding.race.threads == 2


@pytest.mark.slow
def test_handed_over_without_a_show() -> None:
    outcome = play(5, SMALL)
    (finding,) = outcome.findings
    assert finding.race.kernel == "Path.read_bytes"
    assert finding.race.delay_s == SMALL.wait_s
    assert finding.overlap == 4
    assert bool(outcome.traces) == (unavailable() is None)
    assert bool(outcome.no_scope) == (unavailable() is not None)
    assert {position.function for position in outcome.positions} <= {
        "read_bytes",
        "open",
    }
    assert {position.call for position in outcome.positions} <= {
        "read(2) from a FIFO",
        "",
    }
    assert outcome.cuts[0].lines[0][1].startswith("def read_bytes")


def test_no_such_act() -> None:
    for number in (0, 6, -1):
        with pytest.raises(UsageError, match=f"no act {number}: they are 1 to 5"):
            play(number)


def test_what_cannot_be_played_says_why() -> None:
    unplayable = Performance(act(2), dataclasses.replace(SMALL, call_s=float("nan")))
    with unplayable, pytest.raises(PlayError, match="NaN"):
        list(unplayable.follow())
