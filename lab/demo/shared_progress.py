"""How far the threads of a scene are, in memory that two processes map.

The child writes it, and may hold the GIL for seconds meanwhile; its parent reads it.
A compute kernel shows its progress by itself, as it writes its image row by row. A
call that waits shows only whether a thread is inside it.
"""

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# No pixel yet: escape times are 0 or more.
EMPTY = -1
# Of a thread that makes a blocking call.
BEFORE, INSIDE, AFTER = 0, 1, 2

Images = npt.NDArray[np.int32]
States = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class ThreadProgress:
    """How far one thread is at one moment."""

    done: float
    """The part of its work that is done, 0 to 1. Of a call that waits, 0 or 1."""
    inside: bool
    """Whether a call is under way."""


class ImageProgress:
    """One image a thread, written from its first pixel to its last."""

    def __init__(self, images: Images, work: npt.NDArray[Any]) -> None:
        self.images = images
        self._done = np.cumsum(work, dtype=np.float64) / work.sum(dtype=np.float64)

    @classmethod
    def create(
        cls, file: Path, threads: int, work: npt.NDArray[Any]
    ) -> "ImageProgress":
        """Empty images. work: of each pixel of an image, in any unit."""
        np.save(file.with_suffix(".npy"), work)
        shape = (threads, *work.shape)
        images: Images = np.memmap(file, np.int32, "w+", shape=shape)
        images[:] = EMPTY
        return cls(np.asarray(images), work)

    @classmethod
    def open(cls, file: Path, threads: int) -> "ImageProgress":
        """What another process created."""
        work = np.load(file.with_suffix(".npy"))
        images = np.memmap(file, np.int32, "r", shape=(threads, *work.shape))
        return cls(np.asarray(images), work)

    def threads(self) -> tuple[ThreadProgress, ...]:
        """How far each thread is now."""
        return tuple(self._thread(image) for image in self.images)

    def _thread(self, image: Images) -> ThreadProgress:
        pixels = image.reshape(-1)
        # Written from the first pixel to the last: the edge is found by halving.
        count = bisect_left(pixels, x=True, key=lambda pixel: bool(pixel == EMPTY))
        if count == 0:
            return ThreadProgress(0.0, inside=False)
        return ThreadProgress(float(self._done[count - 1]), inside=count < pixels.size)


class CallProgress:
    """One state a thread, written right before and right after its call."""

    def __init__(self, states: States) -> None:
        self.states = states

    @classmethod
    def create(cls, file: Path, threads: int) -> "CallProgress":
        """All threads before their call."""
        return cls(np.asarray(np.memmap(file, np.int8, "w+", shape=(threads,))))

    @classmethod
    def open(cls, file: Path, threads: int) -> "CallProgress":
        """What another process created."""
        return cls(np.asarray(np.memmap(file, np.int8, "r", shape=(threads,))))

    def threads(self) -> tuple[ThreadProgress, ...]:
        """Where each thread is now."""
        return tuple(
            ThreadProgress(float(state == AFTER), inside=bool(state == INSIDE))
            for state in self.states.tolist()
        )


SharedProgress = ImageProgress | CallProgress
