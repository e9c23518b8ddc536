"""Programs run under the scope: nothing changes for them but a summary on stderr."""

import json
import os
import py_compile
import re
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from lab.instruments.scope import unavailable
from lab.records.trace_file import load
from tests.command_line import Told

needs_gil = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

# In what Python prints of objects.
ADDRESS = re.compile("0x[0-9a-f]+")
# What a program can tell about how it was started.
TELL = """
import os, sys, threading
print(sys.argv, __name__, sys.modules['__main__'].__dict__ is globals())
print(os.path.realpath(sys.path[0]), os.path.basename(__file__))
"""


def scoped(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return started(folder, "-m", "lab", "scope", *arguments)


def started(folder: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return ended(start(folder, *argv))


def start(folder: Path, *argv: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *argv],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    with child:
        try:
            out, err = child.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def write(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code))


def same(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program alone and under the scope: all it does is the same."""
    both = start(folder, *arguments), start(folder, "-m", "lab", "scope", *arguments)
    alone, under = map(ended, both)
    assert under.stdout == alone.stdout
    assert under.returncode == alone.returncode
    # Its own words first, traceback included, then the summary.
    own, headline, summary = under.stderr.partition("GIL free")
    assert ADDRESS.sub("", own) == ADDRESS.sub("", alone.stderr)
    assert headline
    assert "MainThread" in summary
    assert "Traceback (most" not in summary
    return under


ENDS = [
    "",
    "sys.exit(3)",
    "sys.exit('why')",
    "sys.exit(None)",
    "raise SystemExit(300)",
    "sys.exit(-1)",
    "{}['missing']",
    "raise ValueError('two\\nlines') from KeyError('cause')",
    "raise KeyboardInterrupt",
    "sys.excepthook = lambda *told: print(told[:2])\n1 / 0",
    "sys.excepthook = None\n1 / 0",
    "import atexit; atexit.register(lambda: print('bye', TELL)); TELL = 1",
    "import atexit; atexit.register(lambda: 1 / 0); atexit.register(print, 'first')",
    "sys.argv = sys.stdout = sys.path = None",
    # What only the interpreter's own end writes and calls.
    "kept = open(f'{os.getpid()}.txt', 'w'); kept.write('kept')\n"
    "class Last:\n    def __del__(self): print('last', __name__)\nlast = Last()",
]


@needs_gil
@pytest.mark.parametrize("end", ENDS)
def test_a_script_does_what_it_does_alone(tmp_path: Path, end: str) -> None:
    write(tmp_path, "sub/program.py", TELL + end)
    same(tmp_path, "sub/program.py", "-x", "y")
    kept = [file.read_text() for file in tmp_path.glob("*.txt")]
    assert kept == ["kept", "kept"] * ("kept" in end)


@needs_gil
def test_a_program_that_leaves_no_path_to_import_from(tmp_path: Path) -> None:
    """It works for long enough that the summary names its lines."""
    work = "while time.monotonic() < end: pass\n"
    code = f"import sys, time\nend = time.monotonic() + 0.3\n{work}sys.path = None\n"
    write(tmp_path, "program.py", code)
    done = ended(start(tmp_path, "-m", "lab", "scope", "program.py"))
    assert done.returncode == 0, done.stderr
    assert "MainThread" in done.stderr


# Every way to leave threads behind.
LEFT = {
    "thread": "threading.Thread(target=late).start()",
    "thread that starts another": "threading.Thread(target=lambda: (late(), "
    "threading.Thread(target=late).start())).start()",
    "daemon": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "daemon that works": "threading.Thread(target=exec, args=('while True: pass',), "
    "daemon=True).start()",
    "timer": "threading.Timer(0.05, print, ('late',)).start()",
    "executor": "keep = ThreadPoolExecutor(2); keep.submit(late)",
    "busy executor": "keep = ThreadPoolExecutor(1)\n"
    "for _ in range(3): keep.submit(late)",
    "executor of processes": "keep = ProcessPoolExecutor(1, "
    "mp_context=FORK); keep.submit(late).result()",
    "queue": "q = queue.Queue()\nthreading.Thread(target=lambda: print(q.get()))"
    ".start()\nthreading._register_atexit(q.put, 'over')",
    "asyncio": "loop = asyncio.new_event_loop()\n"
    "loop.run_until_complete(loop.run_in_executor(None, late))",
    "process": "FORK.Process(target=late).start()",
    "daemon process": "FORK.Process("
    "target=time.sleep, args=(60,), daemon=True).start()",
    "process queue": "q = FORK.Queue()\n"
    "q.put('x' * 10**5)\nFORK.Process(target=q.get).start()",
    "low level": "import _thread; _thread.start_new_thread(time.sleep, (60,))",
    "main thread joined": "threading.Thread(target=lambda: ("
    "threading.main_thread().join(), print('joined'))).start()",
    "in atexit": "atexit.register(lambda: (print(threading.active_count()), late()))",
    "submitted too late": "keep = ThreadPoolExecutor(1); "
    "atexit.register(lambda: keep.submit(late))",
}
if sys.version_info[:2] == (3, 12):
    # It refuses new threads as soon as it begins to end (interp->finalizing, set first
    # by Py_FinalizeEx), which nobody else can set: under the scope they still start.
    del LEFT["thread that starts another"]


@needs_gil
@pytest.mark.parametrize("left", LEFT)
@pytest.mark.filterwarnings("default")
def test_threads_left_behind_end_as_they_do_alone(tmp_path: Path, left: str) -> None:
    code = (
        "import asyncio, atexit, multiprocessing, os, queue, threading, time\n"
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "FORK = multiprocessing.get_context('fork')\n"
        "def late(): time.sleep(0.05); print('late', flush=True)\n"
        "if __name__ == '__main__':\n"
    )
    body = f"{LEFT[left]}\nprint('main is over', flush=True)"
    write(tmp_path, "program.py", code + textwrap.indent(body, "    "))
    same(tmp_path, "program.py")


@needs_gil
def test_a_module_does_what_it_does_alone(tmp_path: Path) -> None:
    write(tmp_path, "package/__init__.py", "")
    write(tmp_path, "package/tool.py", TELL + "sys.exit(4)")
    assert same(tmp_path, "-m", "package.tool", "a").returncode == 4


@needs_gil
def test_a_folder_and_an_archive_do_what_they_do_alone(tmp_path: Path) -> None:
    write(tmp_path, "folder/__main__.py", TELL)
    same(tmp_path, "folder")
    with ZipFile(tmp_path / "archive", "w") as archive:  # whatever its name
        archive.write(tmp_path / "folder/__main__.py", "__main__.py")
    same(tmp_path, "archive")
    write(tmp_path, "program.py", TELL)
    py_compile.compile(str(tmp_path / "program.py"), str(tmp_path / "program.pyc"))
    same(tmp_path, "program.pyc")


@needs_gil
def test_a_module_that_raises_shows_only_its_own_frames(tmp_path: Path) -> None:
    write(tmp_path, "tool.py", "def broken():\n    1 / 0\nbroken()\n")
    under = scoped(tmp_path, "-m", "tool")
    assert under.returncode == 1
    own, _, _ = under.stderr.partition("GIL free")
    assert "ZeroDivisionError" in own
    assert "runpy" not in own
    assert "run_program" not in own
    assert own.count("File ") == 2


@needs_gil
def test_both_files_are_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        "program.py",
        """
        import threading, time
        thread = threading.Thread(target=time.sleep, args=(0.1,), name="sleeper")
        thread.start()
        """,
    )
    under = scoped(tmp_path, "-o", "out.json", "--chrome", "chrome.json", "program.py")
    assert under.returncode == 0, under.stderr
    trace = load(tmp_path / "out.json")
    assert {"MainThread", "sleeper"} == {each.name for each in trace.threads}
    # The thread that is not a daemon was waited for, within the trace.
    assert trace.duration_s > 0.09
    data = json.loads((tmp_path / "chrome.json").read_text())
    assert len(data["traceEvents"]) > len(trace.segments)
    assert sorted(os.listdir(tmp_path)) == ["chrome.json", "out.json", "program.py"]


@needs_gil
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (". -x", "can't find '__main__'"),
        ("-m none", "No module named none"),
        ("-m none.deeper", "No module named 'none'"),
        ("-m concurrent", "is a package and cannot be directly executed"),
    ],
)
def test_what_python_finds_nothing_in_is_one_line(
    tmp_path: Path, arguments: str, says: str
) -> None:
    _refused(scoped(tmp_path, *shlex.split(arguments)), says)


def _refused(under: "Told | subprocess.CompletedProcess[str]", says: str) -> None:
    assert under.returncode == 2
    assert under.stdout == ""
    assert under.stderr.startswith("gil-lab: ")
    assert says in under.stderr
    assert len(under.stderr.splitlines()) == 1


@needs_gil
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("none.py", "none.py: No such file"),
        ("''", "'': No such file"),
        ("-o none/out.json program.py", "none/out.json: no such folder"),
        ("-o . program.py", "a folder"),
        ("-o program.py program.py", "program.py: is read"),
    ],
)
def test_what_cannot_start_is_one_line(
    tmp_path: Path,
    arguments: str,
    says: str,
    command: Callable[..., Told],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, "program.py", "print('ran')")
    monkeypatch.chdir(tmp_path)
    _refused(command("scope", *shlex.split(arguments)), says)
    assert (tmp_path / "program.py").read_text() == "print('ran')"


@needs_gil
def test_a_syntax_error_is_shown_as_python_does(tmp_path: Path) -> None:
    write(tmp_path, "program.py", "def broken(:\n")
    alone = started(tmp_path, "program.py")
    under = scoped(tmp_path, "program.py")
    assert under.returncode == alone.returncode == 1
    assert under.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert "run_program" not in under.stderr


@needs_gil
def test_a_forked_child_reports_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        "program.py",
        """
        import os, sys
        child = os.fork()
        if child == 0:
            sys.exit(7)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
    )
    under = scoped(tmp_path, "-o", "out.json", "program.py")
    assert under.returncode == 7
    assert under.stderr.count("GIL free") == 1
    assert load(tmp_path / "out.json").samples >= 0


# It says when it is at a place where an interrupt is to come. One that comes right
# before a sleep waits for its end, on its own too: so the sleeps are short.
STAY = """
import atexit, signal, sys, threading, time
def stay():
    print('here', flush=True)
    for _ in range(6000): time.sleep(0.1)
def beside():
    while threading.main_thread().is_alive(): time.sleep(0.01)
    stay()
"""
INTERRUPTED = {
    "at once": "stay()",
    "while threads are joined": "threading.Thread(target=beside).start(); stay()",
    "by a handler": "signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); stay()",
    "in atexit": "atexit.register(stay)",
}


def interrupted(child: "subprocess.Popen[str]") -> tuple[int, int, str]:
    """How many interrupts it takes, its status, what it said."""
    assert child.stdout is not None
    count = 0
    while child.stdout.readline():
        count += 1
        child.send_signal(signal.SIGINT)
    over = ended(child)
    return count, over.returncode, over.stderr


@needs_gil
@pytest.mark.slow
@pytest.mark.parametrize("case", INTERRUPTED)
def test_as_many_interrupts_as_alone(tmp_path: Path, case: str) -> None:
    write(tmp_path, "program.py", STAY + INTERRUPTED[case])
    files = "-o", "out.json", "--chrome", "chrome.json"
    alone = start(tmp_path, "program.py")
    under = start(tmp_path, "-m", "lab", "scope", *files, "program.py")
    *expected, said = interrupted(alone)
    *found, told = interrupted(under)
    assert found == expected
    own, _, summary = told.partition("GIL free")
    assert own.count("KeyboardInterrupt") == said.count("KeyboardInterrupt")
    assert "MainThread" in summary
    assert load(tmp_path / "out.json").duration_s > 0
    assert json.loads((tmp_path / "chrome.json").read_text())["traceEvents"]


@needs_gil
def test_what_the_program_imports_and_pickles_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, "sub/beside.py", "value = 5")
    write(
        tmp_path,
        "sub/program.py",
        """
        import pickle, beside
        class Mine: pass
        assert type(pickle.loads(pickle.dumps(Mine()))) is Mine
        print(beside.value)
        """,
    )
    under = scoped(tmp_path, "sub/program.py")
    assert (under.returncode, under.stdout) == (0, "5\n"), under.stderr


@pytest.mark.skipif(unavailable() is None, reason="there is a GIL to look at")
def test_without_a_gil_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, "program.py", "print('ran')")
    under = scoped(tmp_path, "program.py")
    assert (under.returncode, under.stdout) == (2, "")
    assert "no GIL" in under.stderr
