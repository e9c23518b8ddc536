"""A real terminal for tests: a pty, and an emulator that knows what it shows.

A thread keeps every byte as it comes, so that who draws is never held up. The emulator
is fed with them frame by frame, when the test looks: however late that is, none is
missed.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).parent.parent
# Whole screens are drawn from here, the upper left corner, on (rich's ScreenUpdate).
FRAME = b"\x1b[1;1H"
# Makes the pty the controlling terminal of its session, so that Ctrl-C is a signal.
CONTROLLED = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Terminal:
    """Runs Python code with this terminal as its standard input and output.

    with Terminal(code) as t: t.until("Act 1"); t.type("1\\n"). Leaving kills what
    still runs. rows, columns: at first;
    variables: of its environment. raw: every byte that was written so far.
    """

    def __init__(
        self, code: str, rows: int = 24, columns: int = 80, **variables: str
    ) -> None:
        self.raw = bytearray()
        self._arrived = threading.Condition()
        self._closed = False  # nobody can write any more
        self._left = threading.Event()
        self._fed = self._frame = 0  # bytes fed to the emulator; where a frame began
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
        self._reader = threading.Thread(target=self._read, name="terminal")
        self._reader.start()

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
        self._left.set()
        self._reader.join()
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

    def until(self, shown: str | Callable[[str], object], limit_s: float = 60) -> str:
        """Wait for this text, or for what a function wants of it; the screen then."""
        check = shown if callable(shown) else lambda text: shown in text
        end_s = time.monotonic() + limit_s
        while not check(self.text):
            assert not self._over(), self.text
            self._feed()
            assert time.monotonic() < end_s, f"never: {shown!r}\n{self.text}"
        return self.text

    def frames(self, until: str, limit_s: float = 60) -> Iterator[str]:
        """Every new look of the whole screen until this text is on it."""
        end_s, before = time.monotonic() + limit_s, ""
        while until not in self.text:
            assert not self._over(), self.text
            if self._feed() and self.text != before:
                before = self.text
                yield before
            assert time.monotonic() < end_s, f"never: {until!r}\n{self.text}"

    def watch(self, seconds: float) -> str:
        """The screen after so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._feed()
        return self.text

    def end(self, limit_s: float = 60) -> int:
        """Wait for the end of what runs; its exit code."""
        end_s = time.monotonic() + limit_s
        while self.child.poll() is None or not self._over():
            self._feed()
            assert time.monotonic() < end_s, f"it goes on:\n{self.text}"
        return self.child.returncode

    def modes_now(self) -> list[object]:
        return termios.tcgetattr(self._master)

    def _read(self) -> None:
        """Keep what is written, until nobody can write or this terminal is left."""
        while not self._left.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # everybody on the other side is gone (EIO)
                data = b""
            with self._arrived:
                self.raw += data
                self._closed = not data
                self._arrived.notify()
            if not data:
                return

    def _over(self) -> bool:
        """Whether nothing more can come, and all that came is shown."""
        with self._arrived:
            return self._closed and self._fed == len(self.raw)

    def _feed(self, wait_s: float = 0.05) -> bool:
        """Show what has come, up to the end of a frame; whether that is reached."""
        with self._arrived:
            self._arrived.wait_for(
                lambda: self._closed or self._fed < len(self.raw), wait_s
            )
            following = self.raw.find(FRAME, self._frame + 1)
            whole = following >= 0
            # Never back: the part of FRAME that has come already moves the cursor only.
            upto = max(self._fed, following if whole else len(self.raw))
            data = bytes(self.raw[self._fed : upto])
        if whole:
            self._frame = following
        self._fed = upto
        self._stream.feed(data)
        return whole

    def _size(self, rows: int, columns: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
