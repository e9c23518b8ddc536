"""What the tour is shown on: a terminal's whole screen, or plain lines for a pipe."""

import os
import select
import signal
import sys
import termios
import time
from contextlib import AbstractContextManager
from types import FrameType

from rich.console import Console, RenderableType
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from lab.demo.symbols import ASCII, BLOCKS
from lab.renderers.console import plain

WIDEST = 110
PIPE_WIDTH = 80


def projectable() -> bool:
    """Whether output is a terminal that can be drawn on."""
    console = Console()  # the environment may say that it is none, or a dumb one
    return sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal


def answerable() -> bool:
    """Whether input is a terminal that somebody may type on."""
    return sys.stdin is not None and sys.stdin.isatty()


class Display:
    """Screens one after another, and somebody who may answer. Here nobody looks."""

    symbols = ASCII

    @property
    def width(self) -> int:
        """Columns there are now."""
        return PIPE_WIDTH

    def frame(self, screen: RenderableType) -> None:
        """One picture of many: drawn where there is a terminal."""

    def still(self, screen: RenderableType) -> None:
        """A picture to be read: drawn everywhere."""

    def ask(self, prompt: str) -> str | None:
        """A line typed below the still screen; None at the end of the input."""
        return None

    def rest(self, seconds: float) -> None:
        """Leave the still screen for a while, where somebody may be looking."""

    def epilogue(self, screen: RenderableType) -> None:
        """A last picture, after leaving: it stays."""
        self.still(screen)


class Paper(Display, AbstractContextManager["Paper"]):
    """Plain ASCII, at most 80 columns, no control codes; nobody answers."""

    def __exit__(self, *_: object) -> None:
        """Nothing was changed."""

    def still(self, screen: RenderableType) -> None:
        print(f"{plain(screen, PIPE_WIDTH)}\n", flush=True)


class Projector(Display):
    """A terminal's other screen: what was on it before is there again afterwards.

    with Projector() as display: nothing typed shows, unless display.ask asks.
    Leaving puts cursor, screen and modes back as they were.
    """

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._input = sys.stdin.fileno() if answerable() else None
        unicode = self._console.encoding.startswith("utf")
        self.symbols = BLOCKS if unicode else ASCII
        self._still: RenderableType = Text()
        self._prompt = ""
        self._painting = self._due = False

    @property
    def width(self) -> int:
        return min(WIDEST, self._console.width)

    @property
    def height(self) -> int:
        """Lines there are now."""
        return self._console.height

    def __enter__(self) -> "Projector":
        if self._input is not None:
            self._modes = termios.tcgetattr(self._input)
        self._winch = signal.getsignal(signal.SIGWINCH)
        try:
            self._echo(False)
            self._console.set_alt_screen(True)
            self._console.show_cursor(False)
            signal.signal(signal.SIGWINCH, self._resized)
        except BaseException:  # an interrupt as early as this
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, self._winch)
        self._console.show_cursor(True)
        self._console.set_alt_screen(False)
        if self._input is not None:
            termios.tcsetattr(self._input, termios.TCSAFLUSH, self._modes)

    def frame(self, screen: RenderableType) -> None:
        self._still, self._prompt = screen, ""
        self._paint()

    still = frame

    def ask(self, prompt: str) -> str | None:
        self._prompt = prompt
        # Before the prompt is seen: nothing that is typed after it may be lost.
        self._echo(True)
        self._console.show_cursor(True)
        self._paint()
        try:
            line = sys.stdin.readline()
        finally:
            self._console.show_cursor(False)
            self._echo(False)
        return line if line else None

    def typed(self, wait_s: float) -> str | None:
        """What is typed on the still screen within this time, without Enter; None once
        nobody can type any more."""
        if self._input is None:
            time.sleep(wait_s)
            return ""
        modes = termios.tcgetattr(self._input)
        modes[3] &= ~termios.ICANON
        termios.tcsetattr(self._input, termios.TCSADRAIN, modes)
        if not select.select([self._input], [], [], wait_s)[0]:
            return ""
        return os.read(self._input, 1024).decode("ascii", "replace") or None

    def rest(self, seconds: float) -> None:
        time.sleep(seconds)

    def epilogue(self, screen: RenderableType) -> None:
        self._console.print(screen, width=self.width)

    def _paint(self) -> None:
        """Draw the screen; once more if the size changes in the middle of it."""
        self._due = True
        if self._painting:
            return
        self._painting = True
        try:
            while self._due:
                self._due = False
                self._draw()
        finally:
            self._painting = False

    def _resized(self, number: int, frame: FrameType | None) -> None:
        self._paint()

    def _draw(self) -> None:
        """Every cell anew, so that no resizing leaves anything behind."""
        width, height = self._console.size
        options = self._console.options.update(width=self.width, height=None)
        lines = self._console.render_lines(self._still, options, pad=False)
        row = 0
        if self._prompt:  # on the last row, where a small terminal cuts the rest
            row = min(len(lines) + 1, height - 1)
            prompt = Segment(self._prompt, Style(bold=True))
            lines = [*lines[: row - 1], [], [prompt]]
        lines = [Segment.adjust_line_length(line, width) for line in lines[:height]]
        lines += [[Segment(" " * width)]] * (height - len(lines))
        self._console.update_screen_lines(lines)
        if self._prompt:
            self._console.control(Control.move_to(len(self._prompt), row))

    def _echo(self, on: bool) -> None:
        """Whether what is typed shows. What was typed unasked is forgotten."""
        if self._input is None:
            return
        modes = termios.tcgetattr(self._input)
        if on:
            modes[3] |= termios.ECHO
        else:
            modes[3] &= ~termios.ECHO
        termios.tcsetattr(self._input, termios.TCSAFLUSH, modes)
