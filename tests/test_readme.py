"""The README's walk-through, step by step, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab.results import load

ROOT = Path(__file__).parent.parent


def _blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.M | re.S)
    return [textwrap.dedent(code) for _, code in found]


def _run(copy: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**os.environ, "THREADS": "1,2"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "gil-lab"
    patterns = shutil.ignore_patterns(".venv*", "results", ".git", "__pycache__")
    shutil.copytree(ROOT, target, ignore=patterns)
    return target


def test_add_a_kernel(copy: Path) -> None:
    (source,) = _blocks("cython")
    (row,) = _blocks("python")
    (line,) = _blocks("markdown")
    kernels = copy / "lab/kernels.pyx"
    kernels.write_text(f"{kernels.read_text()}\n\n{source}")
    catalogue = copy / "lab/catalogue.py"
    before = catalogue.read_text()
    mark = "        # A new kernel's row goes here.\n"
    assert before.count(mark) == 1
    catalogue.write_text(before.replace(mark, textwrap.indent(row, " " * 8) + mark))
    changelog = copy / "CHANGELOG.md"
    changelog.write_text(changelog.read_text() + line)

    _run(copy, "hatch_build.py")
    out = _run(copy, "-m", "lab", "bench", "-k", "primes")
    rows = [text for text in out.splitlines() if text.startswith("primes ")]
    assert len(rows) == 4
    assert len(load(copy / "results/latest.json").races) == 4
    tests = _run(copy, "-m", "pytest", "-q", "tests/test_kernels.py", "-k", "primes")
    assert "2 passed" in tests


def test_commands_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = [block for block in _blocks("sh") if block.startswith("make ")]
    assert commands == ["make bench\nmake test\n"]
    for name in ("bench", "test", "help"):
        assert re.search(rf"^{name}:", makefile, re.M)


def test_every_experiment_has_its_row() -> None:
    text = (ROOT / "README.md").read_text()
    table = text[text.index("## The experiments") : text.index("## How to read")]
    rows = re.findall(r"^\| ([a-z][a-z -]+) \|", table, re.M)[1:]  # without the head
    named = {row.replace(" ", "_").replace("-", "_") for row in rows}
    files = (ROOT / "experiments").glob("test_*.py")
    assert named == {path.stem.removeprefix("test_") for path in files}
    assert len(rows) == len(named)


def test_length() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 200
