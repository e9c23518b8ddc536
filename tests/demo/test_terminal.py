"""What the tour is shown on: a terminal's whole screen, or plain lines."""

import sys

import pytest
from rich.text import Text

from lab.demo.symbols import ASCII
from lab.demo.terminal import PIPE_WIDTH, WIDEST, Paper, answerable, projectable
from tests.terminal import Terminal

ASKS = """
import sys, time
from rich.text import Text
from lab.demo.terminal import Projector, answerable, projectable
assert projectable() and answerable()
with Projector() as display:
    display.still(Text("a question"))
    line = display.ask("yes or no? ")
    display.frame(Text(f"answered {line!r} in {display.width} columns"))
    while display.typed(0.1) != "q":
        pass
display.epilogue(Text("the end"))
"""


def test_paper_has_plain_lines_and_asks_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Paper() as display:
        display.frame(Text("not shown"))
        display.still(Text("é" + "x" * 100, style="bold red"))
        assert display.ask("a question? ") is None
        display.rest(9e9)
        display.epilogue(Text("the end"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "?" + "x" * (PIPE_WIDTH - 1)
    assert lines[-2:] == ["the end", ""]
    assert "".join(lines).isascii()
    assert display.symbols is ASCII


def test_a_pipe_is_no_terminal() -> None:
    if not sys.stdout.isatty():
        assert not projectable()
    if not sys.stdin.isatty():
        assert not answerable()


@pytest.mark.parametrize("columns", [60, 200])
def test_a_projector_asks_on_a_screen_of_its_own_and_leaves_it(columns: int) -> None:
    with Terminal(ASKS, columns=columns) as terminal:
        text = terminal.until("yes or no?")
        assert text.startswith("a question")
        assert not terminal.cursor_hidden
        terminal.type("no\n")
        terminal.until(f"answered 'no\\n' in {min(columns, WIDEST)} columns")
        assert "yes or no" not in terminal.text
        assert terminal.cursor_hidden
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.modes_now() == terminal.modes
        assert not terminal.cursor_hidden
        assert b"the end" in terminal.raw.rpartition(b"\x1b[?1049l")[2]


def test_what_raises_leaves_the_terminal_as_it_was() -> None:
    with Terminal(ASKS.replace('display.ask("yes or no? ")', "1 / 0")) as terminal:
        assert terminal.end() == 1
        assert terminal.modes_now() == terminal.modes
        assert not terminal.cursor_hidden
        assert terminal.raw.count(b"\x1b[?1049l") == 1
