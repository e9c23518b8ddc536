"""The signs a screen is drawn with, where it can show them and where not."""

from dataclasses import dataclass

from lab.demo.heartbeat import Beat


@dataclass(frozen=True, slots=True)
class Marks:
    """beats: a sign for each; full speed may rise a second row.

    full, empty: of a bar. sign: plus-minus. blocks: whether these are block
    characters, with colour, or ASCII.
    """

    blocks: bool
    beats: dict[Beat, str]
    full: str
    empty: str
    sign: str


BLOCKS = Marks(
    blocks=True,
    beats={Beat.RUNS: "█", Beat.SLOW: "▄", Beat.STILL: "▁", Beat.OVER: " "},
    full="█",
    empty="░",
    sign="±",
)
ASCII = Marks(
    blocks=False,
    beats={Beat.RUNS: "#", Beat.SLOW: "=", Beat.STILL: "_", Beat.OVER: " "},
    full="#",
    empty=".",
    sign="+-",
)
# The form tells as much as the colour does.
STYLES = {
    Beat.RUNS: "bold green",
    Beat.SLOW: "bold yellow",
    Beat.STILL: "bold red",
    Beat.OVER: "",
}
