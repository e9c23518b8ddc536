"""Where text goes: colour on a terminal, plain ASCII otherwise.

rich is imported where it draws: a paragraph needs none of it.
"""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import IO, TYPE_CHECKING, Any

from lab.system.files import discard

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table
    from rich.text import Text

WIDEST = 100


def of_stdout() -> tuple[int, bool]:
    """Columns, as `console` has them, and whether it is a terminal."""
    columns = shutil.get_terminal_size((WIDEST, 24)).columns
    return min(WIDEST, columns), sys.stdout.isatty()


def console(file: IO[str] | None = None, *, width: int | None = None) -> "Console":
    """A console at most 100 columns wide; file: stdout unless given.

    NO_COLOR, TERM and COLUMNS are respected. A pipe is 100 wide without COLUMNS. Text
    is shown as it is: [bold] and :smile: mean nothing in it.
    """
    from rich.console import Console

    plain = Console(
        file=file, highlight=False, soft_wrap=False, markup=False, emoji=False
    )
    if width is None:
        told = os.environ.get("COLUMNS", "")
        known = plain.is_terminal or (told.isdecimal() and int(told) > 0)
        width = min(WIDEST, plain.width) if known else WIDEST
    plain.width = width
    return plain


def wide(target: "Console") -> bool:
    """Whether the target shows more than ASCII."""
    return target.is_terminal and target.encoding.startswith("utf")


def ascii_only(text: str) -> str:
    """With escapes in place of what is no ASCII."""
    return text.encode("ascii", "backslashreplace").decode()


def plus_minus(target: "Console") -> str:
    """The sign for an interval that the target can show."""
    return "±" if wide(target) else "+-"


def recording(width: int, *, colour: bool) -> "Console":
    """A console that keeps what is printed, for `text_of` or to export it."""
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        record=True,
        width=width,
        force_terminal=colour,
        force_jupyter=False,  # it would show the text there, instead of keeping it
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )


def text_of(parts: Iterable["RenderableType"], width: int, *, colour: bool) -> str:
    """What these look like below each other, in lines of at most so many columns.

    colour: where NO_COLOR and TERM have nothing against it.
    """
    target = recording(width, colour=colour)
    for part in parts:
        target.print(part)
    styles = colour and not target.no_color and not target.is_dumb_terminal
    text = target.export_text(styles=styles)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def plain(screen: "RenderableType", width: int) -> str:
    """What it looks like in ASCII alone, without empty lines around it."""
    text = text_of([screen], width, colour=False).strip("\n")
    return text.encode("ascii", "replace").decode()


def fits(drawn: "Table", target: "Console") -> bool:
    """Whether the target has room for all of it, nothing folded."""
    return _room(drawn, target, target.width) >= 0


def _room(drawn: "Table", target: "Console", width: int) -> int:
    """Columns that are left over; below 0: that are missing."""
    from rich.measure import Measurement

    unbounded = target.options.update(max_width=1000)
    return width - Measurement.get(target, unbounded, drawn).maximum


def fitting(
    draw: Callable[[Sequence[str]], "Table"],
    spare: Sequence[str],
    target: "Console",
    width: int,
) -> tuple["Table", Sequence[str]]:
    """draw(left_out) with as few of the spare columns left out, the first first, as
    make the rest fit; and those.

    max_width of a column is what it needs at least: it gets the room that there is.
    """
    left_out: Sequence[str] = ()
    while (room := _room(drawn := draw(left_out), target, width)) < 0:
        if len(left_out) == len(spare):
            break
        left_out = spare[: len(left_out) + 1]
    for column in drawn.columns:
        if column.max_width is not None:
            column.max_width += max(0, room)
    return drawn, left_out


class Fitting:
    """A table as `fitting` makes it where it is shown; below it, what is left out."""

    def __init__(
        self, draw: Callable[[Sequence[str]], "Table"], spare: Sequence[str]
    ) -> None:
        self._draw, self._spare = draw, spare

    def __rich_console__(
        self, target: "Console", options: "ConsoleOptions"
    ) -> Iterator["RenderableType"]:
        drawn, left_out = fitting(self._draw, self._spare, target, options.max_width)
        yield drawn
        if left_out:
            yield f"no room for: {', '.join(left_out)}".replace("\n", " ")


def table(*titles: "str | Text") -> "Table":
    """A table without lines; each title makes a column that folds its texts."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in titles:
        made.add_column(title, overflow="fold")
    return made


class Lasting:
    """A stream of text that can be written to when nobody reads any more, or its disk
    is full: what is written then is lost.

    gone: why, once it is; else empty.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.gone = ""

    def write(self, text: str) -> int:
        """As a stream's, but no OSError."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """As a stream's, but no OSError."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.gone = self.gone or str(error.strerror)
        with suppress(OSError):
            discard(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def lasting() -> Iterator[Lasting]:
    """Standard output, as which it is given, and standard error are Lasting meanwhile.

    For what takes a minute to be told, and can be kept if nobody listens.
    """
    out, errors = Lasting(sys.stdout), Lasting(sys.stderr)
    with redirect_stdout(out), redirect_stderr(errors):
        try:
            yield out
        finally:
            out.flush()
