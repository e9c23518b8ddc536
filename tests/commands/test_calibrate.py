"""The calibration: what it prints, keeps and leaves to the bench."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.records.results import load

ROOT = Path(__file__).parents[2]
PATTERNS = shutil.ignore_patterns(".venv*", "results", ".git", "build", "__pycache__")


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    """In a copy, with a space and an e with an accent in its name."""
    copy = tmp_path / "caf\u00e9 lab"
    shutil.copytree(ROOT, copy, ignore=PATTERNS)
    done = subprocess.run(
        [sys.executable, "-m", "lab", "calibrate", "-k", "test_native and collatz"],
        cwd=copy,
        env={**os.environ, "THREADS": ""},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    as_claimed = "the instruments are as good as claimed: 1 of 1" in done.stdout
    assert as_claimed == (done.returncode == 0), done.stdout
    results = copy / "results"
    assert not (results / "latest.json").exists()
    assert not (results / "calibration.json").exists()  # it was only a part
    (kept,) = results.glob("calibration-*.json")
    assert kept.name in done.stdout
    run = load(kept)
    assert {one.subject for one in run.series} == {"collatz", "collatz, C by place"}
    assert all(set(one.processes) >= set(range(6)) for one in run.series)


@pytest.mark.slow
def test_without_a_compiler_the_loops_are_left_out(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'base'}", "calibration/test_native.py"],
        cwd=ROOT,
        env={**os.environ, "CC": "no-such-compiler"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "no compiler no-such-compiler" in done.stdout
    assert "5 skipped" in done.stdout
