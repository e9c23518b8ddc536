"""What a thread can do, and the characters that show it in blocks and in ASCII."""

from dataclasses import dataclass
from enum import Enum


class Activity(Enum):
    """What one thread did in one slice of time."""

    RUNS = "runs"
    SLOW = "slow"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Symbols:
    """The characters of one kind of screen."""

    blocks: bool
    """Whether these are block characters, in colour, or ASCII."""
    activities: dict[Activity, str]
    """A character for each; full speed may rise a second row."""
    full: str
    """Of the part of a bar that is done."""
    empty: str
    """Of the rest of a bar."""
    plus_minus: str


BLOCKS = Symbols(
    blocks=True,
    activities=dict(zip(Activity, "█▄▁ ", strict=True)),
    full="█",
    empty="░",
    plus_minus="±",
)
ASCII = Symbols(
    blocks=False,
    activities=dict(zip(Activity, "#=_ ", strict=True)),
    full="#",
    empty=".",
    plus_minus="+-",
)
# The form tells as much as the colour does.
STYLES = {
    Activity.RUNS: "bold green",
    Activity.SLOW: "bold yellow",
    Activity.STILL: "bold red",
    Activity.OVER: "",
}
