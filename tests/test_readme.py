"""What README and CONTRIBUTING say, and the walk-through of the latter followed."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab.records.results import load

ROOT = Path(__file__).parent.parent


MARK = "# A new kernel's row goes here."


README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"


def _blocks(file: Path, language: str) -> list[str]:
    text = file.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.M | re.S)
    return [textwrap.dedent(code) for _, code in found]


def _run(copy: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**os.environ, "THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _free_name(*texts: str) -> str:
    """As CONTRIBUTING says, or if somebody did as it says already, another."""
    name = "primes"
    while any(name in text for text in texts):
        name += "_too"
    return name


@pytest.mark.slow
def test_add_a_kernel(project: Path) -> None:
    kernels = project / "lab/kernels.pyx"
    catalogue = project / "lab/catalogue.py"
    name = _free_name(kernels.read_text(), catalogue.read_text())
    source, row, line = (
        code.replace("primes", name)
        for language in ("cython", "python", "markdown")
        for code in _blocks(CONTRIBUTING, language)
    )
    kernels.write_text(f"{kernels.read_text()}\n\n{source}")
    before = catalogue.read_text()
    mark = f"        {MARK}\n"
    assert before.count(mark) == 1
    assert f"above the line `{MARK}`" in CONTRIBUTING.read_text()
    catalogue.write_text(before.replace(mark, textwrap.indent(row, " " * 8) + mark))
    changelog = project / "CHANGELOG.md"
    changelog.write_text(changelog.read_text() + line)

    _run(project, "hatch_build.py")
    out = _run(project, "-m", "lab", "bench", "-k", name)
    assert any(text.startswith(f"{name} ") for text in out.splitlines())
    (kept,) = (project / "results").glob("2*.json")
    held, released = load(kept).races
    assert (held.kernel, held.twin, released.twin) == (name, "held", "released")
    assert held.size == released.size  # found by the pilot
    assert held.size is not None
    tests = _run(project, "-m", "pytest", "-q", "tests/test_kernels.py", "-k", name)
    assert "3 passed" in tests  # they agree, do some work, differ by one line


def test_commands_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = [block for block in _blocks(README, "sh") if block.startswith("make ")]
    assert commands == ["make bench\nmake test\n"]
    for name in ("bench", "test", "help"):
        assert re.search(rf"^{name}:", makefile, re.M)


def test_every_experiment_has_its_row() -> None:
    text = README.read_text()
    table = text[text.index("## The experiments") : text.index("## How to read")]
    rows = re.findall(r"^\| ([a-z][a-z -]+) \|", table, re.M)[1:]  # without the head
    named = {row.replace(" ", "_").replace("-", "_") for row in rows}
    files = (ROOT / "experiments").glob("test_*.py")
    assert named == {path.stem.removeprefix("test_") for path in files}
    assert len(rows) == len(named)


def test_length() -> None:
    assert len(README.read_text().splitlines()) < 200
