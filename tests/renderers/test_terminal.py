"""Runs as text, one after the other."""

from pathlib import Path

import pytest

from lab.records.results import load
from lab.renderers import terminal
from lab.verdicts.run import Judged, judged

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "tests/data"
WHOLE = RECORDS / "whole.json"


@pytest.fixture(scope="module")
def whole() -> Judged:
    return judged(load(WHOLE), "whole")


@pytest.fixture(scope="module")
def free() -> Judged:
    return judged(load(RECORDS / "free_threaded.json"), "free")


def test_terminal_runs_follow_each_other(whole: Judged, free: Judged) -> None:
    text = terminal.render([whole, free])
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("gil-lab: CPython") == text.count("The myth:") == 2
    assert "GIL off (free-threaded)" in text
