"""What was seen of a stretch of code that ran once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hold:
    """The longest that one thread held the GIL with nobody let in, seconds.

    low_s: while somebody is known to have asked for it, less what the thread may have
    waited for a core; high_s: with all that may have been a part of it.
    """

    thread: str
    mine: bool
    """Of the caller, or of a thread started meanwhile."""
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, in seconds of wall time.

    starved_s: the caller stood ready without a core, 0 where the system does not tell;
    held_s: it, or a thread started meanwhile, held the GIL; free_s: none of them did,
    of its own accord; unknown_s: other threads held it meanwhile, so that it may have
    been made to wait; error_s: half width of the 95 % interval of each of these three.
    """

    wall_s: float
    starved_s: float
    held_s: float
    free_s: float
    unknown_s: float
    error_s: float
    samples: int
    cpu_s: float = 0.0
    """What the caller computed."""
    holds: tuple[Hold, ...] = ()
    """A thread each."""
    longest_wait_s: float = 0.0
    """Of whoever asked for the GIL meanwhile, a core for itself included."""

    @property
    def own_s(self) -> float:
        """The time that the code itself took: without the waits for a core."""
        computed_s = min(self.cpu_s, self.wall_s)
        return max(self.wall_s - self.starved_s, computed_s, 1e-9)
