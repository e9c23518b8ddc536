"""A real terminal for tests: a pty, and an emulator that knows what it shows."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).parent.parent
# Makes the pty the controlling terminal of its session, so that Ctrl-C is a signal.
CONTROLLED = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Terminal:
    """Runs Python code with this terminal as its standard input and output.

    with Terminal(code) as t: t.until("Act 1"); t.type("1\\n"). Leaving kills what
    still runs. rows, columns: at first;
    variables: of its environment.
    """

    def __init__(
        self, code: str, rows: int = 24, columns: int = 80, **variables: str
    ) -> None:
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        try:
            self._size(rows, columns)
            self.modes = termios.tcgetattr(self._master)
            environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
            for name in ("COLUMNS", "LINES", "NO_COLOR", "LC_ALL"):
                environment.pop(name, None)
            environment |= variables
            self.child = subprocess.Popen(
                [sys.executable, "-c", CONTROLLED + code],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self._master)

    @property
    def lines(self) -> list[str]:
        """What the screen shows, row by row."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def cursor_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    def type(self, text: str) -> None:
        """As on its keyboard; \\x03 is Ctrl-C."""
        os.write(self._master, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """As a window manager does: what runs in it gets SIGWINCH."""
        self._screen.resize(rows, columns)
        self._size(rows, columns)

    def until(self, shown: str | Callable[[str], object], limit_s: float = 30) -> str:
        """Wait for this text, or for what a function wants of it; the screen then."""
        check = shown if callable(shown) else lambda text: shown in text
        end_s = time.monotonic() + limit_s
        while not check(self.text):
            assert self._read(0.05) or self.child.poll() is None, self.text
            assert time.monotonic() < end_s, f"never: {shown!r}\n{self.text}"
        return self.text

    def frames(self, until: str, limit_s: float = 30) -> Iterator[str]:
        """Every new look of the screen until this text is on it."""
        end_s, before = time.monotonic() + limit_s, ""
        while until not in self.text:
            self._read(0.05)
            if self.text != before:
                before = self.text
                yield before
            assert time.monotonic() < end_s, f"never: {until!r}\n{self.text}"

    def watch(self, seconds: float) -> str:
        """The screen after so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._read(0.02)
        return self.text

    def end(self, limit_s: float = 10) -> int:
        """Wait for the end of what runs; its exit code."""
        end_s = time.monotonic() + limit_s
        while self.child.poll() is None:
            self._read(0.02)
            assert time.monotonic() < end_s, f"it goes on:\n{self.text}"
        while self._read(0.02):
            pass
        return self.child.returncode

    def modes_now(self) -> list[object]:
        return termios.tcgetattr(self._master)

    def _read(self, wait_s: float) -> bool:
        if not select.select([self._master], [], [], wait_s)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # everybody on the other side is gone (EIO)
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def _size(self, rows: int, columns: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
