"""A run as text: at one look, or every row of it."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from lab.records.machine import Machine
from lab.renderers import wording
from lab.renderers.console import WIDEST, console
from lab.renderers.details import print_rows
from lab.renderers.overview import print_finding, print_one_look
from lab.verdicts.run import Judged


def render(runs: Sequence[Judged]) -> str:
    """Every row of the runs, plain, for a file."""
    out = io.StringIO()
    show_rows(runs, console(out, width=WIDEST))
    return out.getvalue()


def show(runs: Sequence[Judged], target: Console) -> None:
    """Print one run after another, each at one look."""
    for it in _titled(runs, target):
        report(it, target)


def show_rows(runs: Sequence[Judged], target: Console) -> None:
    """Print one run after another, every row of each."""
    for it in _titled(runs, target):
        report_rows(it, target)


def _titled(runs: Sequence[Judged], target: Console) -> Iterator[Judged]:
    """Each run, when its name, if there are several, and its header are printed."""
    for place, it in enumerate(runs):
        if place:
            target.print()
        if len(runs) > 1:
            target.print(Text(it.name, style="bold"))
        header(it.run.machine, target)
        yield it


def header(machine: Machine, target: Console) -> None:
    """Print what the run ran on."""
    target.print(f"gil-lab: {wording.machine(machine)}", style="bold")


def report(
    it: Judged, target: Console, timings: Mapping[str, Any] | None = None
) -> None:
    """Print the tables and the finding, on two screens.

    timings: the run's file as JSON, for pytest-benchmark's table of it.
    """
    print_one_look(it, target, timings)
    if it.findings:
        print_finding(it, target)


def report_rows(it: Judged, target: Console) -> None:
    """Print every row, and the finding."""
    print_rows(it, target)
    if it.findings:
        target.print()
        print_finding(it, target)
