"""Where text goes: colour on a terminal, plain ASCII otherwise."""

from typing import IO

from rich.console import Console

WIDEST = 100


def console(file: IO[str] | None = None, *, width: int | None = None) -> Console:
    """A console at most 100 columns wide; file: stdout unless given.

    NO_COLOR, TERM and COLUMNS are respected. A pipe is taken to be 100 wide.
    """
    plain = Console(file=file, highlight=False, soft_wrap=False)
    if width is None:
        width = min(WIDEST, plain.width) if plain.is_terminal else WIDEST
    plain.width = width
    return plain


def plus_minus(target: Console) -> str:
    """The sign for an interval that the target can show."""
    unicode = target.is_terminal and target.encoding.startswith("utf")
    return "±" if unicode else "+-"
