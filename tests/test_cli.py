"""Bad usage is one line on stderr and exit 2; light commands stay light."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main

ROOT = Path(__file__).parent.parent


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "threads"),
    [
        (("bench", "-k", "no_such_kernel"), ""),
        (("bench",), "0"),
        (("bench",), "abc"),
        (("report", "/no/such/file.json"), ""),
        (("report", "pyproject.toml"), ""),
        (("report", "lab"), ""),
    ],
)
def test_one_line_and_exit_2(arguments: tuple[str, ...], threads: str) -> None:
    done = _run("-m", "lab", *arguments, THREADS=threads)
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert len(told) == 1, done.stderr
    assert told[0].startswith("gil-lab: ")
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("report",), ("report", "a", "b")]
)
def test_usage_errors(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: gil-lab" in capsys.readouterr().err


@pytest.mark.parametrize(
    "code",
    [
        "import lab",
        "import lab.cli, contextlib\n"
        "with contextlib.suppress(SystemExit): lab.cli.main(['--help'])",
    ],
)
def test_heavy_imports_come_when_needed(code: str) -> None:
    heavy = "numpy", "rich", "pytest", "subprocess", "lab.kernels"
    told = f"import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = _run("-c", f"{code}\n{told}")
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


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
