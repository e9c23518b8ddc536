"""Bad usage is one line on stderr and exit 2; light commands stay light."""

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.commands.arguments import parser
from lab.instruments.scope import unavailable
from lab.instruments.watchdog import TEXT
from lab.records.machine import gil_enabled
from lab.records.probe import Probe
from lab.records.results import load as load_run

ROOT = Path(__file__).parent.parent


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "threads"),
    [
        (("bench", "-k", "no_such_kernel"), ""),
        (("bench",), "0"),
        (("bench",), "abc"),
        (("report", "/no/such/file.json"), ""),
    ],
)
def test_one_line_and_exit_2(arguments: tuple[str, ...], threads: str) -> None:
    done = _run("-m", "lab", *arguments, THREADS=threads)
    told = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    _refused(done.returncode, told)
    assert "Traceback" not in done.stdout


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


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("trace",)])
def test_usage_errors(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage: gil-lab" in capsys.readouterr().err


def _commands() -> dict[str, argparse.ArgumentParser]:
    lab = parser()
    (commands,) = (one for one in lab._actions if isinstance(one.choices, dict))
    return {"": lab, **commands.choices}  # type: ignore[dict-item]  # they are parsers


@pytest.mark.parametrize("name", _commands())
def test_every_option_has_help_and_an_example(name: str) -> None:
    one = _commands()[name]
    options = [each for each in one._actions if each.dest not in ("help", "command")]
    for option in options:
        assert option.help, option
    head, *examples = (one.epilog or "").splitlines()
    assert head == "examples:"
    assert max(map(len, examples)) <= 80
    used = set()
    for example in examples:
        words = shlex.split(example, comments=True)
        words = words[words.index("lab") + 1 :]
        ends = (at for at, word in enumerate(words) if word == "&&" or word[0] == ">")
        words = words[: next(ends, None)]
        used.update(words)
        assert words[0] == name or not name
        ends_there = {"--help", "--version"} & set(words)
        with pytest.raises(SystemExit) if ends_there else contextlib.nullcontext():
            _, rest = parser().parse_known_args(words)
            assert not rest or name in ("bench", "calibrate"), example
    for option in options:
        if option.option_strings:
            assert used & set(option.option_strings), f"{option.option_strings}: unused"


@pytest.mark.parametrize(
    "code",
    [
        "import lab",
        "import lab.cli, contextlib\n"
        "with contextlib.suppress(SystemExit): lab.cli.main(['--help'])",
    ],
)
def test_heavy_imports_come_when_needed(code: str) -> None:
    heavy = "numpy", "rich", "pytest", "subprocess", "lab.kernels", "IPython"
    told = f"import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = _run("-c", f"{code}\n{told}")
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_the_magics_need_ipython_only_when_loaded() -> None:
    done = _run(
        "-c", "import lab.commands.magics, sys; print('IPython' in sys.modules)"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_importing_lab_leaves_the_gil_off() -> None:
    """On a free-threaded build an extension that does not say so turns it on."""
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "on = getattr(sys, '_is_gil_enabled', lambda: True)\n"
        "before = on()\nimport pkgutil, lab, importlib\n"
        "for module in pkgutil.iter_modules(lab.__path__, 'lab.'):\n"
        "    if module.name != 'lab.__main__': importlib.import_module(module.name)\n"
        "print(before == on())"
    )
    done = _run("-c", code)
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr


def test_version() -> None:
    done = _run("-m", "lab", "--version")
    assert done.returncode == 0
    assert re.fullmatch(r"gil-lab .+, CPython 3\.\d+\..+\n", done.stdout)


def test_probe_prints_a_verdict() -> None:
    done = _run("-m", "lab", "probe", "time.sleep(0.01)", "--setup", "import time")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("released", "no-gil", "inconclusive"))
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_probe_prints_json() -> None:
    done = _run("-m", "lab", "probe", "sorted(x)", "--setup", "x = [1] * 9", "--json")
    plain = json.loads(done.stdout)
    assert list(plain) == list(Probe.__dataclass_fields__)
    assert plain["verdict"] in ("held", "inconclusive") or not gil_enabled()


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        ("int('x')", 1, "ValueError: invalid literal for int() with base 10: 'x'"),
        ("sys.exit(3)", 1, "SystemExit: 3"),
        ("mine()", 1, r"__gil_lab__.Mine: two\nlines\x1b[2J"),
        ("signal.raise_signal(2)", 130, "gil-lab: interrupted"),
    ],
)
def test_probe_ends_with_what_the_call_raises(call: str, code: int, said: str) -> None:
    setup = (
        "class Mine(BaseException): pass\ndef mine(): raise Mine('two\\nlines\\x1b[2J')"
    )
    done = _run("-m", "lab", "probe", call, "--setup", setup)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"{said}\n")


@pytest.mark.parametrize("call", ["fork()", "fork() or sys.exit(3)"])
def test_a_child_that_a_call_forks_goes_no_further(call: str) -> None:
    """Else each would tell what it found; the first calls alone fork, lest the
    machine be full of them."""
    setup = (
        "import os, warnings; warnings.simplefilter('ignore'); calls = []\n"
        "def fork(): calls.append(0); return os.fork() if len(calls) < 4 else 1"
    )
    done = _run("-m", "lab", "probe", call, "--setup", setup)
    assert done.returncode == 0, done.stderr
    assert done.stderr in ("", TEXT)  # on a busy machine
    assert len(re.findall("one call|no-gil", done.stdout)) == 1


def test_a_bench_that_may_open_few_files_does_not_begin() -> None:
    few = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (20, 20))"
    done = _run("-c", f"{few}; import lab.cli; exit(lab.cli.main(['bench']))")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gil-lab: only 20 files may be open: ulimit -n 64 or more\n"


REDIRECTIONS = (
    *(">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"),
    *(">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"),
)
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


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
        "report tests/data/released.json --format csv",
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
        assert "Traceback" not in done.stderr
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
        assert done.stderr.count("Traceback") == plain.stderr.count("Traceback")
    # What it opened in place of its streams is its own.
    assert [file.read_text() for file in tmp_path.glob("[abc]")] == [""] * 3


# Root, as in a container, has no such limit: what is needed is imported before it
# becomes nobody.
NO_MORE = """
import os, resource, sys
import lab.commands.bench, lab.commands.probe, lab.commands.scope
import lab.renderers.progress, lab.renderers.terminal, lab.renderers.trace_terminal
from lab.cli import main
os.chdir("/")
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
sys.exit(main(sys.argv[1:]))
"""


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


LIMITS = "-n 5", "-s 100", "-v 500000"


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
    assert "Traceback" not in done.stderr
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
    assert err == "gil-lab: interrupted\n"


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_scope_then_trace(tmp_path: Path) -> None:
    script, kept = tmp_path / "script.py", tmp_path / "trace.json"
    script.write_text(
        "import sys, time; time.sleep(0.1); sys.exit(sys.argv[1:] != ['-x'])"
    )
    done = _run("-m", "lab", "scope", "-o", str(kept), str(script), "-x")
    assert done.returncode == 0, done.stderr
    assert "MainThread" in done.stderr
    chrome = tmp_path / "chrome.json"
    shown = _run("-m", "lab", "trace", str(kept), "--chrome", str(chrome))
    assert shown.returncode == 0, shown.stderr
    assert "MainThread" in shown.stdout
    assert json.loads(chrome.read_text())["traceEvents"]


def test_trace_lists_those_of_a_folder(tmp_path: Path) -> None:
    run = tmp_path / "results" / "a run of mine"
    run.mkdir(parents=True)
    line = load_run(ROOT / "tests/data/whole.json").timelines[0]
    line.trace.save(run / "held.json")
    (run / "other.json").write_text("{}")
    listed = _run("-m", "lab", "trace", str(run))
    assert listed.returncode == 0, listed.stderr
    told = listed.stdout.splitlines()
    assert told[0] == str(run / "held.json")
    assert len(told) == 3
    _, _, command = told[2].partition(": ")
    shown = _run(*shlex.split(command)[1:])  # as it says
    assert shown.returncode == 0, shown.stderr
    assert "racer-0" in shown.stdout
    above = _run("-m", "lab", "trace", str(run.parent))
    assert above.returncode == 2
    assert f"look into {run}" in above.stderr


def test_a_reader_that_has_seen_enough() -> None:
    python = shlex.quote(sys.executable)  # a folder may have a space in its name
    command = f"{python} -m lab report tests/data/held.json | head -1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("gil-lab: ")
    assert "Traceback" not in done.stderr


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
