"""A process that runs already is looked at from outside: it notices nothing."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.commands import attached
from lab.instruments.scope import unavailable
from lab.instruments.target import Target
from lab.records.trace import ThreadTrace
from lab.records.trace_file import load
from tests.command_line import Told
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

# One thread is in a held call until a line comes; another wants the GIL, a third waits.
PROGRAM = """
import ctypes, os, sys, threading
held = ctypes.PyDLL(None)
left, right = os.pipe()
threading.Thread(target=os.read, args=(left, 1), daemon=True).start()
wants = threading.Thread(target=threading.Event().wait, args=(0.01,), daemon=True)
wants.start()
print(wants.native_id, flush=True)
line = ctypes.create_string_buffer(1)
held.read(0, line, 1)
print("unharmed", flush=True)
"""


@contextmanager
def running(code: str = PROGRAM) -> Iterator["subprocess.Popen[str]"]:
    """A child of this code."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def first_line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    line = child.stdout.readline().strip()
    time.sleep(0.05)  # until it is in its call
    return line


def lab(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["attached", "top"])
def test_little_is_imported_to_look_at_a_process(command: str) -> None:
    """Each of these takes the program next to it more than ten seconds of looking."""
    code = f"import sys; from lab.commands import {command}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"json", "msgspec", "numpy", "platform", "rich.progress", "statistics"}
    assert not heavy & set(done.stdout.split())


def by_number(threads: tuple[ThreadTrace, ...]) -> dict[int, ThreadTrace]:
    return {one.native_id: one for one in threads}


def test_it_shows_what_the_threads_of_a_process_do(tmp_path: Path) -> None:
    kept, chrome = tmp_path / "a é.json", tmp_path / "chrome.json"
    with running() as child:
        wants = int(first_line(child))
        outputs = ("-o", str(kept), "--chrome", str(chrome))
        seen = lab("scope", "--pid", str(child.pid), "--duration", "0.5", *outputs)
        out, _ = child.communicate("\n", timeout=60)
    assert out == "unharmed\n"
    assert child.returncode == 0
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "GIL free" in seen.stdout
    assert "MainThread" in seen.stdout
    assert max(map(len, seen.stdout.splitlines())) <= 100
    trace = load(kept)
    threads = by_number(trace.threads)
    assert len(threads) == 3
    assert trace.held == pytest.approx(1, abs=0.01)
    assert threads[child.pid].name == "MainThread"
    assert threads[child.pid].holds == pytest.approx(1, abs=0.01)
    one = threads[wants]
    assert str(wants) in one.name
    # Who wakes up every 5 ms to ask again has no core at once on a busy machine.
    assert one.wants + one.ready + one.runs_free == pytest.approx(1, abs=0.02)
    assert one.wants > 0
    assert {thread.holder for thread in one.behind} == {
        trace.threads.index(threads[child.pid])
    }
    other = next(it for it in trace.threads if it.native_id not in (child.pid, wants))
    assert other.blocked == pytest.approx(1, abs=0.02)
    assert other.calls[0].name == "read"
    # One line held all the time, and still did at the end.
    line = trace.lines[0]
    assert line.longest_s >= 0.9 * line.held * trace.duration_s > 0
    assert json.loads(chrome.read_text())["traceEvents"]


ENDS = {"ends": "os._exit(0)", "another program": "os.execvp('sleep', ['sleep', '60'])"}


@pytest.mark.parametrize("end", ENDS)
def test_of_a_process_that_ends_meanwhile_the_time_before_is_shown(end: str) -> None:
    code = f"""
    import os, sys
    print(flush=True)
    sys.stdin.readline()
    {ENDS[end]}
    """
    with running(code) as child:
        first_line(child)
        arguments = ("scope", "--pid", str(child.pid), "--duration", "60")
        with subprocess.Popen(
            [sys.executable, "-m", "lab", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as scope:
            # It has begun once it has the memory open and a thread that samples.
            tasks = Path(f"/proc/{scope.pid}/task")
            end_s = time.monotonic() + 60
            while "gil-lab scope" not in names(tasks) and time.monotonic() < end_s:
                time.sleep(0.01)
            time.sleep(0.2)
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
            out, errors = scope.communicate(timeout=60)
    assert scope.returncode == 2
    assert "MainThread" in out
    assert len(errors.splitlines()) == 1
    assert f"process {child.pid} has ended or runs another program now" in errors


def names(tasks: Path) -> str:
    """Of the threads there are."""
    found = []
    for task in tasks.glob("*/comm"):
        try:
            found.append(task.read_text())
        except OSError:
            continue
    return "".join(found)


def test_a_stopped_process_is_said_to_be() -> None:
    with running() as child:
        first_line(child)
        child.send_signal(signal.SIGSTOP)
        seen = lab("scope", "--pid", str(child.pid), "--duration", "0.1")
    assert f"process {child.pid} is stopped by a signal" in seen.stdout
    assert seen.returncode == 0


class Coreless:
    """A scope that gets no core."""

    samples, gone = 0, False

    def __init__(self, target: Target) -> None:
        assert target.process.alive()

    def __enter__(self) -> "Coreless":
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""


def test_who_saw_nothing_does_not_say_that_the_process_has_ended(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]
) -> None:
    monkeypatch.setattr(attached, "Scope", Coreless)
    with running() as child:
        first_line(child)
        seen = command("scope", "--pid", child.pid, "--duration", "0.01")
    assert seen.returncode == 2
    assert "nothing seen" in seen.stderr
    assert "ended" not in seen.stderr
    assert len(seen.stderr.splitlines()) == 1


def test_an_interrupt_shows_what_was_seen_so_far() -> None:
    code = "import sys; from lab.cli import main; sys.exit(main(sys.argv[1:]))"
    with running() as child:
        first_line(child)
        arguments = ["x", "scope", "--pid", str(child.pid), "--duration", "60"]
        with Terminal(f"import sys; sys.argv = {arguments}; {code}") as terminal:
            terminal.until("^C ends it")
            terminal.type("\x03")
            assert terminal.end() == 0
            assert "GIL free" in terminal.text
            assert "Traceback" not in terminal.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--pid", "x"], "expected a process's number"),
        (["--pid", "0"], "expected a process's number"),
        (["--pid", str(2**31 - 1)], "no process"),
        (["--pid", "1", "script.py"], "name no program beside it"),
        (["--pid", "1", "-m"], "name no program beside it"),
        (["--duration", "1", "script.py"], "PROGRAM or a --pid"),
        ([], "PROGRAM or a --pid"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], told: str, command: Callable[..., Told]
) -> None:
    seen = command("scope", *arguments)
    assert seen.returncode == 2
    assert told in seen.stderr
    assert "Traceback" not in seen.stderr


def test_it_is_no_target_of_itself(command: Callable[..., Told]) -> None:
    seen = command("scope", "--pid", os.getpid())
    assert seen.returncode == 2
    assert "gil-lab itself" in seen.stderr
