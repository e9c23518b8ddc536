"""How long the calls of a play take, about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Seconds that calls take."""

    call_s: float = 1.2
    """A computation to be watched."""
    wait_s: float = 1.0
    """A read whose data comes late."""
