"""What was seen of a stretch of code that ran once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hold:
    """The longest that one thread held the GIL without letting anybody in, seconds."""

    thread: str
    """Name of the thread."""
    mine: bool
    """Whether it is the caller's, or a thread's that was started meanwhile."""
    low_s: float
    """While somebody is known to have asked for it, less any waits for a core."""
    high_s: float
    """With all that may have been a part of it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, in seconds of wall time."""

    wall_s: float
    """From its beginning to its end."""
    starved_s: float
    """The caller was ready but had no core; 0 where the system does not count it."""
    held_s: float
    """The caller, or a thread started meanwhile, held the GIL."""
    free_s: float
    """None of them held it, of its own accord."""
    unknown_s: float
    """Other threads held it meanwhile, so that the caller may have had to wait."""
    error_s: float
    """Half the width of the 95 % interval of each of the last three."""
    samples: int
    """How often the lock's state was read."""
    cpu_s: float = 0.0
    """What the caller computed."""
    holds: tuple[Hold, ...] = ()
    """The longest of each thread."""
    longest_wait_s: float = 0.0
    """Of whoever asked for the GIL meanwhile, a core for itself included."""
    held_in: str = ""
    """What held it longest, as Probe.held_in; empty where that is not known."""
    ours_s: float = 0.0
    """A witness held it, so that the caller may have had to wait."""
    proven_free_s: float = 0.0
    """The caller computed while a witness held it: without it, whatever was seen."""
    least_starved_s: float = 0.0
    """As starved_s, without what may have been just before or after."""

    @property
    def most_own_s(self) -> float:
        """The most that own_s can be."""
        return max(self.wall_s - self.least_starved_s, self.own_s)

    @property
    def own_s(self) -> float:
        """The time that the code itself took: without the waits for a core."""
        computed_s = min(self.cpu_s, self.wall_s)
        return max(self.wall_s - self.starved_s, computed_s, 1e-9)
