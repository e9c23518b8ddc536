"""Boards hold what was written; beats follow from it."""

from pathlib import Path

import numpy as np
import pytest

from lab.demo.board import AFTER, INSIDE, ImageBoard, Lane, StateBoard
from lab.demo.heartbeat import Beat, Glance, beats

MARKS = {Beat.RUNS: "#", Beat.SLOW: "=", Beat.STILL: "_", Beat.OVER: " "}


def test_an_image_is_as_far_as_its_work(tmp_path: Path) -> None:
    """The first row costs a tenth of the second."""
    work = np.array([[1, 1], [10, 10]])
    ours = ImageBoard.create(tmp_path / "board", 2, work)
    theirs = ImageBoard.open(tmp_path / "board", 2)  # as another process would
    assert theirs.lanes() == (Lane(0, inside=False),) * 2
    ours.images[1, 0] = 0  # an escape time of 0 is a pixel too
    assert theirs.lanes() == (Lane(0, inside=False), Lane(2 / 22, inside=True))
    ours.images[1, 1] = 7
    assert theirs.lanes()[1] == Lane(1, inside=False)


def test_states(tmp_path: Path) -> None:
    ours = StateBoard.create(tmp_path / "board", 3)
    theirs = StateBoard.open(tmp_path / "board", 3)
    ours.states[1], ours.states[2] = INSIDE, AFTER
    assert theirs.lanes() == (
        Lane(0, inside=False),
        Lane(0, inside=True),
        Lane(1, inside=False),
    )


def _line(*done: float, alone_s: float) -> str:
    """The beats of a lane that was this far at 0.1 s, 0.2 s, ..., a slice each."""
    glances = [
        Glance((place + 1) / 10, (Lane(part, inside=0 < part < 1),))
        for place, part in enumerate(done)
    ]
    # A hair shorter than the pause: no slice ends at a glance by rounding only.
    return "".join(MARKS[beat] for beat in beats(glances, 0, alone_s, 0.0999))


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
def test_beats_of_a_computation(done: tuple[float, ...], line: str) -> None:
    assert _line(*done, alone_s=0.4) == line


def test_a_late_glance_is_no_freeze() -> None:
    """The watcher lost its core for a while: the lane grew all the same."""
    glances = [Glance(0.1, (Lane(0.1, True),)), Glance(1.0, (Lane(1.0, False),))]
    assert set(beats(glances, 0, 1.0, 0.1)) == {Beat.RUNS}


def test_beats_of_a_call_that_waits() -> None:
    states = [(0, False), (0, False), (0, True), (0, True), (1, False), (1, False)]
    glances = [
        Glance((place + 1) / 10, (Lane(done, inside),))
        for place, (done, inside) in enumerate(states)
    ]
    line = "".join(MARKS[beat] for beat in beats(glances, 0, None, 0.0999))
    assert line == "___## "


def test_a_wait_is_under_way_or_not() -> None:
    """Seen in the middle of slices: there is no half speed."""
    glances = [
        Glance(place / 10 + 0.06, (Lane(0, inside=place in (1, 2)),))
        for place in range(5)
    ]
    assert set(beats(glances, 0, None, 0.1)) == {Beat.RUNS, Beat.STILL}


def test_nothing_seen_yet() -> None:
    assert beats([], 0, 1.0, 0.1) == []
