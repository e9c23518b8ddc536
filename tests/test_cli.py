"""Bad usage is one line on stderr and exit 2; light commands stay light."""

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.instruments.scope import unavailable
from tests.command_line import ROOT, run

REDIRECTIONS = (
    *(">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"),
    *(">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"),
)
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
# Root, as in a container, has no such limit: what is needed is imported before it
# becomes nobody; but for files it stays root, as the checkout may be root's alone.
NO_MORE = """
import ctypes, os, resource, sys
import lab.commands.bench, lab.commands.probe, lab.commands.scope
import lab.renderers.progress, lab.renderers.terminal, lab.renderers.trace_terminal
from lab.cli import main
os.chdir("/")
if os.getuid() == 0:
    os.setresuid(65534, 65534, 0)
    ctypes.CDLL(None).setfsuid(0)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
sys.exit(main(sys.argv[1:]))
"""

LIMITS = "-n 5", "-s 100", "-v 500000"


@pytest.mark.parametrize(
    ("arguments", "threads"),
    [
        pytest.param(("bench", "-k", "no_such_kernel"), "", marks=pytest.mark.slow),
        (("bench",), "0"),
        (("bench",), "abc"),
        (("report", "/no/such/file.json"), ""),
    ],
)
def test_one_line_and_exit_2(arguments: tuple[str, ...], threads: str) -> None:
    done = run("-m", "lab", *arguments, THREADS=threads)
    told = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    _refused(done.returncode, told)
    assert "Traceback (most" not in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "pyproject.toml"),
        ("report", "lab"),
        ("probe", "1 +"),
        ("probe", "no_such_name(1)"),
        ("probe", "print", "--setup", "import no_such_module"),
        ("scope", "no_such_script.py"),
        ("scope", "-m", "no_such_module"),
        ("trace", "/no/such/file.json"),
        ("trace", "pyproject.toml"),
        ("trace", "lab"),
        ("trace", "lab", "--chrome", "perfetto.json"),
    ],
)
def test_what_is_refused_at_once_is_one_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)
    told = capsys.readouterr()
    _refused(code, told.err.splitlines())
    assert told.out == ""


def _refused(code: int, err: list[str]) -> None:
    assert code == 2
    assert len(err) == 1, err
    assert err[0].startswith("gil-lab: ")


def test_a_bench_that_may_open_few_files_does_not_begin() -> None:
    few = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (20, 20))"
    done = run("-c", f"{few}; import lab.cli; exit(lab.cli.main(['bench']))")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gil-lab: only 20 files may be open: ulimit -n 64 or more\n"


def _redirected(command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"{shlex.quote(sys.executable)} {command} {redirection}",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@needs_full
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            "report tests/data/released.json --format csv", marks=pytest.mark.slow
        ),
        pytest.param("report tests/data/released.json", marks=pytest.mark.slow),
        pytest.param("probe 'len(())' --json", marks=pytest.mark.slow),
        pytest.param("report --help", marks=pytest.mark.slow),
        pytest.param("trace tests", marks=pytest.mark.slow),
        pytest.param("bench -k no_such_kernel", marks=pytest.mark.slow),
        pytest.param("demo --act 9", marks=pytest.mark.slow),
        pytest.param("atlas --setup 1", marks=pytest.mark.slow),
    ],
)
def test_closed_and_full_streams(command: str) -> None:
    plain = _redirected(f"-m lab {command}", "")
    for redirection in REDIRECTIONS:
        done = _redirected(f"-m lab {command}", redirection)
        assert "Traceback (most" not in done.stderr
        assert "Exception ignored" not in done.stderr
        lost = redirection.replace("2>&-", "").find(">&-") >= 0 or redirection[0] == ">"
        if plain.stdout and lost and not command.endswith("--help"):  # argparse's way
            assert done.returncode == 2, redirection
            assert len(done.stderr.splitlines()) == (" 2>" not in redirection)
        else:
            assert done.returncode == plain.returncode, redirection


@needs_full
@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
@pytest.mark.parametrize(
    "redirection",
    [
        *(">&-", "2>&-", ">/dev/full", "2>/dev/full"),
        pytest.param("<&- >&- 2>&-", marks=pytest.mark.slow),
        pytest.param(">/dev/full 2>/dev/full", marks=pytest.mark.slow),
    ],
)
def test_streams_under_the_scope_are_the_programs(
    redirection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # flushed at the end, too
    for number, code in enumerate(
        (
            "import sys; print('out'); print('err', file=sys.stderr)",
            "import sys; print('out'); sys.stdout.close(); sys.stderr.close()",
            "import os; os.closerange(0, 3)\n"
            f"for name in 'abc': os.open({str(tmp_path)!r} + '/' + name, 577)",
        )
    ):
        script = tmp_path / f"script {number}.py"
        script.write_text(code)
        quoted = shlex.quote(str(script))
        plain = _redirected(quoted, redirection)
        done = _redirected(f"-m lab scope {quoted}", redirection)
        assert done.stdout == plain.stdout
        assert done.returncode == plain.returncode
        assert set(plain.stderr.splitlines()) <= set(done.stderr.splitlines())
        head = "Traceback (most recent"
        assert done.stderr.count(head) == plain.stderr.count(head)
    # What it opened in place of its streams is its own.
    assert [file.read_text() for file in tmp_path.glob("[abc]")] == [""] * 3


@pytest.mark.parametrize(
    ("command", "status"),
    [("probe len(())", 1), ("scope /dev/null", 2), ("bench -k collatz", 2)],
)
def test_no_thread_and_no_process_may_start(command: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_MORE, *command.split(" ", 1)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.splitlines()
    assert "thread" in line


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    "command",
    [
        "scope -m timeit -n1 -r1",
        pytest.param("probe 'len(())'", marks=pytest.mark.slow),
        pytest.param("report tests/data/released.json", marks=pytest.mark.slow),
    ],
)
def test_little_of_everything(command: str, limit: str, tmp_path: Path) -> None:
    """It works, or says in a line why it does not; and nothing is left behind."""
    done = subprocess.run(
        f"ulimit {limit} && exec {shlex.quote(sys.executable)} -m lab {command}",
        shell=True,
        executable=shutil.which("bash"),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback (most" not in done.stderr
    if done.returncode == 2:
        told = [line for line in done.stderr.splitlines() if line[:1] != "["]
        assert len(told) == 1, done.stderr
    assert not list(tmp_path.iterdir())


def test_an_interrupt_is_one_line() -> None:
    call = "print('begun', flush=True) or time.sleep(20)"
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "probe", call, "--setup", "import time"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    # On a busy machine the watchdog has had its say before.
    assert err.splitlines()[-1] == "gil-lab: interrupted"
    assert "Traceback (most" not in err


def test_a_reader_that_has_seen_enough() -> None:
    python = shlex.quote(sys.executable)  # a folder may have a space in its name
    command = f"{python} -m lab report tests/data/held.json | head -1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("gil-lab: ")
    assert "Traceback (most" not in done.stderr


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits_its_terminal(width: int) -> None:
    from lab.records.results import load
    from lab.renderers.console import console
    from lab.renderers.terminal import report
    from lab.verdicts.run import judged

    out = io.StringIO()
    it = judged(load(ROOT / "tests/data/released.json"), "released")
    report(it, console(out, width=width))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.rstrip().endswith("ok yes") for line in lines)
    assert "…" not in out.getvalue()
