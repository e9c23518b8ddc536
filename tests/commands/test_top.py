"""The live table, in a real terminal and in a pipe."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.instruments.scope import unavailable
from tests.command_line import Told
from tests.commands.test_attached import first_line, lab, running
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

CODE = "import sys; from lab.cli import main; sys.exit(main(['top', '{}']))"


@contextmanager
def top(rows: int = 24) -> Iterator[tuple[Terminal, "subprocess.Popen[str]"]]:
    with running() as child:
        first_line(child)
        with Terminal(CODE.format(child.pid), rows) as terminal:
            yield terminal, child


def restored(terminal: Terminal) -> None:
    assert terminal.modes_now() == terminal.modes
    assert not terminal.cursor_hidden
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("key", ["q", "Q", "\x03"])
def test_it_draws_a_row_a_thread_until_it_is_left(key: str) -> None:
    with top() as (terminal, child):
        text = terminal.until("MainThread")
        assert text.startswith(f"process {child.pid}, Python 3")
        assert "q leaves" in text
        assert "blocked" in text
        row = next(line for line in terminal.lines if line.startswith("MainThread"))
        assert float(row.split()[1].rstrip("%")) > 95  # it holds
        terminal.type(key)
        assert terminal.end() == 0
        restored(terminal)
        # It was on a screen of its own, which is left.
        assert terminal.raw.count(b"\x1b[?1049h") == 1
        assert terminal.raw.count(b"\x1b[?1049l") == 1


@pytest.mark.slow
def test_it_goes_on_and_keys_without_a_meaning_have_none() -> None:
    with top(rows=8) as (terminal, child):
        terminal.until("MainThread")
        shown = len(terminal.raw)
        terminal.type("xyz\r")
        terminal.until(lambda _: len(terminal.raw) > shown + 100)
        terminal.resize(20, 70)
        terminal.until("blocked")
        assert child.poll() is None
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.slow
def test_once_the_process_has_ended_that_is_told() -> None:
    with top() as (terminal, child):
        terminal.until("MainThread")
        child.kill()
        assert terminal.end() == 2
        assert "has ended or runs another program" in terminal.text
        restored(terminal)


@pytest.mark.slow
def test_in_a_pipe_it_is_one_table() -> None:
    with running() as child:
        first_line(child)
        began_s = time.monotonic()
        seen = lab("top", str(child.pid))
        assert time.monotonic() - began_s > 1
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "GIL free" in seen.stdout
    assert seen.stdout.isascii()


def test_what_cannot_be_looked_at_is_told_in_a_line(
    command: Callable[..., Told],
) -> None:
    seen = command("top", 2**31 - 1)
    assert seen.returncode == 2
    assert len(seen.stderr.splitlines()) == 1
