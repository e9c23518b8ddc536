"""Runs as they are printed."""

import io
from functools import cache
from pathlib import Path
from typing import Any

from lab.records.results import load
from lab.renderers import terminal
from lab.renderers.console import console
from lab.verdicts.run import Judged, judged

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "tests/data"
WHOLE = RECORDS / "whole.json"


@cache
def found(name: str) -> Judged:
    """A run of tests/data; read once, as nothing can change it."""
    return judged(load(RECORDS / f"{name}.json"), name)


def printed(
    it: Judged, width: int = 100, content: dict[str, Any] | None = None
) -> list[str]:
    out = io.StringIO()
    target = console(out, width=width)
    terminal.header(it.run.machine, target)
    terminal.report(it, target, content)
    return out.getvalue().splitlines()
