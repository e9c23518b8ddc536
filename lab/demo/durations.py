"""How long the calls of a play take, about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """call_s: a computation to be watched; wait_s: a read whose data comes late."""

    call_s: float = 1.2
    wait_s: float = 1.0
