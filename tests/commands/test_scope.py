"""Programs run under the scope: nothing changes for them but a summary on stderr."""

import json
import os
import py_compile
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from lab.instruments.scope import unavailable
from lab.records.trace_file import load
from tests.command_line import Told
from tests.commands.programs import (
    ended,
    needs_gil,
    same,
    scoped,
    start,
    started,
    write,
)

# What a program can tell about how it was started.
TELL = """
import os, sys, threading
print(sys.argv, __name__, sys.modules['__main__'].__dict__ is globals())
print(os.path.realpath(sys.path[0]), os.path.basename(__file__))
"""


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
    """It works for long enough that the summary names its lines. What is next to it has
    the names of modules that the lab needs."""
    work = "while time.monotonic() < end: pass\n"
    code = f"import sys, time\nend = time.monotonic() + 0.3\n{work}sys.path = None\n"
    write(tmp_path, "sub/program.py", code)
    for name in ("json", "linecache", "msgspec", "rich"):
        write(tmp_path, f"sub/{name}.py", "raise ValueError('of the program')")
    (tmp_path / "kept").mkdir()
    outputs = ("-o", "--chrome", "--speedscope", "--collapsed", "--collapsed-waited")
    files = [word for name in outputs for word in (name, f"kept/{name}")]
    done = ended(start(tmp_path, "-m", "lab", "scope", *files, "sub/program.py"))
    assert done.returncode == 0, done.stderr
    assert "MainThread" in done.stderr
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {*outputs}


@needs_gil
def test_a_program_does_not_collect_what_the_lab_imported(tmp_path: Path) -> None:
    write(tmp_path, "program.py", "import gc; print(len(gc.get_objects()))")
    alone = int(ended(start(tmp_path, "program.py")).stdout)
    under = int(scoped(tmp_path, "program.py").stdout)
    assert under < 2 * alone


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
def test_stacks_begin_with_the_program(tmp_path: Path) -> None:
    write(tmp_path, "program.py", "def work():\n    sum(range(10**7))\nwork()\n")
    for program in (["program.py"], ["-m", "program"]):
        done = scoped(tmp_path, "--collapsed", "stacks", *program)
        assert done.returncode == 0, done.stderr
        stacks = (tmp_path / "stacks").read_text()
        # As it begins, its callers may be told to change fast.
        most = max(stacks.splitlines(), key=lambda line: int(line.split()[-1]))
        frames = [frame.partition(" ")[0] for frame in most.split(";")]
        assert frames == ["MainThread", "<module>", "work"]


@needs_gil
def test_no_line_is_the_labs_own(tmp_path: Path) -> None:
    """Of what Python itself does at the end it shows no line."""
    write(
        tmp_path,
        "program.py",
        "import atexit, ctypes\natexit.register(ctypes.PyDLL(None).usleep, 200_000)\n",
    )
    done = scoped(tmp_path, "-o", "trace", "program.py")
    assert "  (start and end of the program) calls" in done.stderr
    lines = load(tmp_path / "trace").lines
    assert (lines[0].file, lines[0].callee) == ("", "atexit._run_exitfuncs")
    assert not [it for it in lines if it.file.endswith("commands/scope.py")]


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
