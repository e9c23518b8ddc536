"""Other processes are read, or refused in a line that says what to do."""

import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.system import process as subject
from lab.system.process import GoneError, Mapping, Process


@contextmanager
def running(*argv: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def refuse(path: Path, flags: int) -> int:
    raise PermissionError


def until(check: Callable[[], object]) -> None:
    end_s = time.monotonic() + 60
    while not check():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def _code(mapping: Mapping) -> bool:
    """Of a file, and executable."""
    return mapping.executable and mapping.path.startswith("/")


def test_it_tells_memory_mappings_and_threads() -> None:
    with running("cat") as child, Process(child.pid) as other:
        assert other.alive()
        assert other.tasks() == [child.pid]
        # Its memory is filled bit by bit, once it runs another program.
        until(lambda: any(_code(one) for one in other.mappings()))
        mapping = next(filter(_code, other.mappings()))
        assert other.file_of(mapping).read_bytes()[:4] == b"\x7fELF"
        assert len(other.read(mapping.start, 8)) == 8
        with pytest.raises(ValueError, match="nothing at 0x1"):
            other.read(1, 8)
        with pytest.raises(ValueError, match="nothing at"):
            other.read(2**64 + 1, 8)


def test_a_program_replaced_on_disk_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "a b é"
    path.write_bytes(Path("/bin/cat").read_bytes())
    path.chmod(0o755)
    with running(str(path)) as child, Process(child.pid) as other:
        until(lambda: any(one.path == str(path) for one in other.mappings()))
        path.unlink()
        path.write_bytes(b"another one")
        mapping = next(one for one in other.mappings() if "a b é" in one.path)
        assert other.file_of(mapping).read_bytes()[:4] == b"\x7fELF"


def test_who_is_stopped_is_told_with_what_lets_it_go_on() -> None:
    with running("cat") as child, Process(child.pid) as other:
        assert other.stopped() == ""
        child.send_signal(signal.SIGSTOP)
        until(other.stopped)
        assert other.stopped() == (
            f"process {child.pid} is stopped by a signal: `kill -CONT {child.pid}` "
            "lets it go on"
        )
        child.send_signal(signal.SIGCONT)
        until(lambda: not other.stopped())
    assert other.stopped() == ""  # it has ended


@pytest.mark.parametrize("ends", [True, False], ids=["ends", "runs another program"])
def test_once_it_is_gone_nothing_is_read_of_what_has_its_number(ends: bool) -> None:
    with (
        running("sh", "-c", "read line; exec cat") as child,
        Process(child.pid) as other,
    ):
        address = other.mappings()[0].start
        assert child.stdin is not None
        if ends:
            child.kill()
            child.wait()
        else:
            child.stdin.write(b"\n")
            child.stdin.flush()
        until(lambda: not other.alive())
        with pytest.raises(GoneError, match="has ended or runs another"):
            other.read(address, 8)


def test_what_is_no_process_to_look_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gil-lab itself"):
        Process(os.getpid())
    with running(sys.executable, "-c", "pass") as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        parent = f"has ended, and its parent, process {os.getpid()}, has not asked"
        with pytest.raises(UsageError, match=parent):
            Process(child.pid)
    with pytest.raises(UsageError, match=f"no process {child.pid}"):
        Process(child.pid)
    ask, over = threading.Event(), threading.Event()
    numbers: list[int] = []

    def wait() -> None:
        numbers.append(threading.get_native_id())
        ask.set()
        over.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ask.wait()
    try:
        with pytest.raises(UsageError, match=f"a thread of process {os.getpid()}"):
            Process(numbers[0])
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("level", "user", "told"),
    [
        ("0", 1000, "SYS_PTRACE"),
        ("1", 1000, "sysctl kernel.yama.ptrace_scope=0"),
        ("1", 0, "though this is root: it lacks capabilities"),
        ("3", 0, "next boot"),
    ],
)
def test_who_may_not_read_is_told_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, user: int, told: str
) -> None:
    status = Process.status

    def of_user(process: Process, name: str = "status") -> dict[str, str]:
        return status(process, name) | {"Uid": f"{user} {user} {user} {user}"}

    monkeypatch.setattr(Process, "status", of_user)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    yama = tmp_path / "ptrace_scope"
    yama.write_text(f"{level}\n")
    monkeypatch.setattr(subject, "YAMA", yama)
    with running("cat") as child:
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(UsageError, match=told):
            Process(child.pid)


def test_another_users_process_names_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    with running("cat") as child:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(UsageError, match=f"is {name}'s: run this as {name}"):
            Process(child.pid)
