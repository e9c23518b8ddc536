"""The calibration: what it prints, keeps and leaves to the bench."""

import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.commands import calibrate
from lab.records.results import KEY, heading, load
from lab.records.series import Series

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
    beyond = "NOT as good as claimed: 0 of 1 within bounds, 1 beyond" in done.stdout
    assert beyond == (done.returncode == 1), done.stdout  # open is no fault
    assert beyond or "of 1 within bounds" in done.stdout
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


@pytest.mark.parametrize(
    ("values", "failures", "code"),
    [
        ((1.0,) * 6, [], 0),
        ((0.9, 1.2, 1.0, 1.3, 1.0, 1.1), [], 0),  # open
        ((1.0, 1.0), [], 0),  # too few to say
        ((1.3,) * 6, [], 1),
        (
            (1.0,) * 6,
            [{"experiment": "cost", "subject": "scope", "reason": "crashed"}],
            1,
        ),
    ],
)
def test_only_faults_are_in_the_exit_code(
    values: tuple[float, ...],
    failures: list[dict[str, str]],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series = Series("native", "loop", "a claim", "x", values, at_most=1.05)
    extra = {KEY: [{"kind": "series"} | asdict(series)]}
    content: dict[str, Any] = {
        "benchmarks": [{"extra_info": extra}],
        KEY: heading("") | {"failures": failures},
    }
    done = SimpleNamespace(content=content, skipped={}, code=0)
    monkeypatch.setattr(calibrate, "measured", lambda *_: done)
    monkeypatch.setattr(calibrate, "experiments_of", lambda _: tmp_path / "calibration")
    assert calibrate.run() == code
