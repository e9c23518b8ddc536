"""The calibration: what it prints, keeps and leaves to the bench."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.records.results import load
from lab.records.series import Series
from lab.renderers import calibration
from lab.renderers.console import console
from lab.verdicts.series import SeriesFinding, judge_series

ROOT = Path(__file__).parents[2]
PATTERNS = shutil.ignore_patterns(".venv*", "results", ".git", "build", "__pycache__")


def _found(*values: float, at_most: float | None = 1.05) -> SeriesFinding:
    """The verdict on a ratio measured once in each of several processes."""
    processes = tuple(range(len(values)))
    series = Series(
        "native", "loop", "a claim", "x", values, at_most=at_most, processes=processes
    )
    return judge_series(series)


def _shown(*findings: SeriesFinding, skipped: str = "") -> str:
    out = io.StringIO()
    calibration.show(findings, {skipped: ["one"]} if skipped else {}, console(out))
    return out.getvalue()


GOOD = _found(0.99, 1.0, 1.0, 1.01, 1.0, 1.02)
BAD = _found(1.3, 1.31, 1.3, 1.34, 1.32, 1.3)
OPEN = _found(0.9, 1.2, 1.0, 1.3, 1.0, 1.1)
FEW = _found(1.0, 1.0)
FIGURE = _found(1.5, 1.6, 1.5, 1.7, 1.5, 1.6, at_most=None)


@pytest.mark.parametrize(
    ("findings", "headline"),
    [
        ([GOOD, GOOD], "the instruments are as good as claimed: 2 of 2 within bounds"),
        ([GOOD, BAD], "NOT as good as claimed: 1 of 2 within bounds, 1 beyond"),
        (
            [GOOD, BAD, FEW],
            "NOT as good as claimed: 1 of 3 within bounds, 1 beyond, 1 cannot be told",
        ),
        ([GOOD, OPEN], "not shown to be as good as claimed: 1 of 2 within bounds"),
        ([FIGURE], "nothing is claimed of the instruments here"),
    ],
)
def test_headline(findings: list[SeriesFinding], headline: str) -> None:
    text = _shown(*findings)
    assert text.strip().startswith(headline)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_figures_without_a_claim_are_no_part_of_the_count() -> None:
    text = _shown(GOOD, FIGURE, skipped="gilknocker is not installed")
    assert "1 of 1 within bounds" in text
    assert "without a claim" in text
    assert "Left out (1): gilknocker is not installed" in text


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
