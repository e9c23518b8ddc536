"""Programs run under the scope: nothing changes for them but a summary on stderr."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab.scope import unavailable
from lab.trace import load

needs_gil = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

START = """
import sys
from pathlib import Path
from lab.run_program import run
def path(name): return Path(name) if name else None
module, output, chrome_output, *argv = sys.argv[1:]
sys.exit(run(argv, module=bool(module), output=path(output),
             chrome_output=path(chrome_output)))
"""

# What a program can tell about how it was started.
TELL = """
import os, sys, threading
print(sys.argv, __name__, sys.modules['__main__'].__dict__ is globals())
print(os.path.realpath(sys.path[0]), os.path.basename(__file__))
"""


def scoped(
    folder: Path, *argv: str, module: str = "", output: str = "", chrome: str = ""
) -> "subprocess.CompletedProcess[str]":
    return started(folder, "-c", START, module, output, chrome, *argv)


def started(folder: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
    )


def write(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code))


@needs_gil
@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(3)",
        "sys.exit('why')",
        "sys.exit(None)",
        "raise SystemExit(300)",
        "{}['missing']",
        "raise ValueError('two\\nlines') from KeyError('cause')",
        "threading.Thread(target=lambda: print('late')).start()",
        "import atexit; atexit.register(lambda: print('bye', TELL)); TELL = 1",
    ],
)
def test_a_script_does_what_it_does_alone(tmp_path: Path, end: str) -> None:
    write(tmp_path, "sub/program.py", TELL + end)
    alone = started(tmp_path, "sub/program.py", "-x", "y")
    under = scoped(tmp_path, "sub/program.py", "-x", "y")
    assert under.stdout == alone.stdout
    assert under.returncode == alone.returncode
    # Its own words first, traceback included, then the summary.
    said = under.stderr.index("GIL free")
    assert under.stderr[:said] == alone.stderr.replace(
        str(tmp_path / "sub/program.py"), "sub/program.py"
    ).replace('"sub/program.py"', file_shown(under.stderr[:said], tmp_path))
    assert "MainThread" in under.stderr[said:]


def file_shown(text: str, folder: Path) -> str:
    """How this version of Python quotes the script in a traceback."""
    full = f'"{folder / "sub/program.py"}"'
    return full if full in text else '"sub/program.py"'


@needs_gil
def test_a_module_does_what_it_does_alone(tmp_path: Path) -> None:
    write(tmp_path, "package/__init__.py", "")
    write(tmp_path, "package/tool.py", TELL + "sys.exit(4)")
    alone = started(tmp_path, "-m", "package.tool", "a")
    under = scoped(tmp_path, "package.tool", "a", module="yes")
    assert under.stdout == alone.stdout
    assert under.returncode == alone.returncode == 4
    assert "GIL free" in under.stderr


@needs_gil
def test_a_module_that_raises_shows_only_its_own_frames(tmp_path: Path) -> None:
    write(tmp_path, "tool.py", "def broken():\n    1 / 0\nbroken()\n")
    under = scoped(tmp_path, "tool", module="yes")
    assert under.returncode == 1
    assert "ZeroDivisionError" in under.stderr
    assert "runpy" not in under.stderr
    assert "run_program" not in under.stderr
    assert under.stderr.count("File ") == 2


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
    under = scoped(tmp_path, "program.py", output="out.json", chrome="chrome.json")
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
    ("argv", "module", "output", "says"),
    [
        (["none.py"], "", "", "none.py: No such file"),
        (["none"], "yes", "", "no module named 'none'"),
        (["none.deeper"], "yes", "", "no module named 'none.deeper'"),
        (["program.py"], "", "none/out.json", "none/out.json: no such folder"),
    ],
)
def test_what_cannot_start_is_one_line(
    tmp_path: Path, argv: list[str], module: str, output: str, says: str
) -> None:
    write(tmp_path, "program.py", "print('ran')")
    under = scoped(tmp_path, *argv, module=module, output=output)
    assert under.returncode == 2
    assert under.stdout == ""
    assert says in under.stderr
    assert len(under.stderr.splitlines()) == 1


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
    under = scoped(tmp_path, "program.py", output="out.json")
    assert under.returncode == 7
    assert under.stderr.count("GIL free") == 1
    assert load(tmp_path / "out.json").samples >= 0


@needs_gil
def test_an_interrupt_ends_as_one(tmp_path: Path) -> None:
    write(tmp_path, "program.py", "raise KeyboardInterrupt")
    under = scoped(tmp_path, "program.py")
    assert under.returncode == 130
    assert "KeyboardInterrupt" in under.stderr
    assert "GIL free" in under.stderr


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
