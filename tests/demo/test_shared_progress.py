"""Progress, seen from another process."""

from pathlib import Path

import numpy as np

from lab.demo.shared_progress import (
    AFTER,
    INSIDE,
    CallProgress,
    ImageProgress,
    ThreadProgress,
)


def test_an_image_is_as_far_as_its_work(tmp_path: Path) -> None:
    """The first row costs a tenth of the second."""
    work = np.array([[1, 1], [10, 10]])
    ours = ImageProgress.create(tmp_path / "progress", 2, work)
    theirs = ImageProgress.open(tmp_path / "progress", 2)  # as another process would
    assert theirs.threads() == (ThreadProgress(0, inside=False),) * 2
    ours.images[1, 0] = 0  # an escape time of 0 is a pixel too
    assert theirs.threads() == (
        ThreadProgress(0, inside=False),
        ThreadProgress(2 / 22, inside=True),
    )
    ours.images[1, 1] = 7
    assert theirs.threads()[1] == ThreadProgress(1, inside=False)


def test_states(tmp_path: Path) -> None:
    ours = CallProgress.create(tmp_path / "progress", 3)
    theirs = CallProgress.open(tmp_path / "progress", 3)
    ours.states[1], ours.states[2] = INSIDE, AFTER
    assert theirs.threads() == (
        ThreadProgress(0, inside=False),
        ThreadProgress(0, inside=True),
        ThreadProgress(1, inside=False),
    )
