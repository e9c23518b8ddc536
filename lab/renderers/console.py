"""Where text goes: colour on a terminal, plain ASCII otherwise."""

import os
from typing import IO

from rich.console import Console

WIDEST = 100


def console(file: IO[str] | None = None, *, width: int | None = None) -> Console:
    """A console at most 100 columns wide; file: stdout unless given.

    NO_COLOR, TERM and COLUMNS are respected. A pipe is 100 wide without COLUMNS. Text
    is shown as it is: [bold] and :smile: mean nothing in it.
    """
    plain = Console(
        file=file, highlight=False, soft_wrap=False, markup=False, emoji=False
    )
    if width is None:
        told = os.environ.get("COLUMNS", "")
        known = plain.is_terminal or (told.isdecimal() and int(told) > 0)
        width = min(WIDEST, plain.width) if known else WIDEST
    plain.width = width
    return plain


def wide(target: Console) -> bool:
    """Whether the target shows more than ASCII."""
    return target.is_terminal and target.encoding.startswith("utf")


def plus_minus(target: Console) -> str:
    """The sign for an interval that the target can show."""
    return "±" if wide(target) else "+-"
