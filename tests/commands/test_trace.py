"""Kept traces, shown and listed."""

import json
import shlex
from pathlib import Path

import pytest

from lab.instruments.scope import unavailable
from lab.records.results import load as load_run
from tests.command_line import ROOT, run


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_scope_then_trace(tmp_path: Path) -> None:
    script, kept = tmp_path / "script.py", tmp_path / "trace.json"
    script.write_text(
        "import sys, time; time.sleep(0.1); sys.exit(sys.argv[1:] != ['-x'])"
    )
    done = run("-m", "lab", "scope", "-o", str(kept), str(script), "-x")
    assert done.returncode == 0, done.stderr
    assert "MainThread" in done.stderr
    chrome = tmp_path / "chrome.json"
    shown = run("-m", "lab", "trace", str(kept), "--chrome", str(chrome))
    assert shown.returncode == 0, shown.stderr
    assert "MainThread" in shown.stdout
    assert json.loads(chrome.read_text())["traceEvents"]


def test_trace_lists_those_of_a_folder(tmp_path: Path) -> None:
    kept = tmp_path / "results" / "a run of mine"
    kept.mkdir(parents=True)
    line = load_run(ROOT / "tests/data/whole.json").timelines[0]
    line.trace.save(kept / "held.json")
    (kept / "other.json").write_text("{}")
    listed = run("-m", "lab", "trace", str(kept))
    assert listed.returncode == 0, listed.stderr
    told = listed.stdout.splitlines()
    assert told[0] == str(kept / "held.json")
    assert len(told) == 3
    _, _, command = told[2].partition(": ")
    shown = run(*shlex.split(command)[1:])  # as it says
    assert shown.returncode == 0, shown.stderr
    assert "racer-0" in shown.stdout
    above = run("-m", "lab", "trace", str(kept.parent))
    assert above.returncode == 2
    assert f"look into {kept}" in above.stderr
