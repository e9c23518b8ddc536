"""A run as text: on two screens, or every row of it."""

import io
from collections.abc import Mapping, Sequence
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
    show(runs, console(out, width=WIDEST), verbose=True)
    return out.getvalue()


def show(runs: Sequence[Judged], target: Console, *, verbose: bool = False) -> None:
    """Print one run after another; with its name, if there are several."""
    for place, it in enumerate(runs):
        if place:
            target.print()
        if len(runs) > 1:
            target.print(Text(it.name, style="bold"))
        header(it.run.machine, target)
        report(it, target, verbose=verbose)


def header(machine: Machine, target: Console) -> None:
    """Print what the run ran on."""
    target.print(f"gil-lab: {wording.machine(machine)}", style="bold")


def report(
    it: Judged,
    target: Console,
    timings: Mapping[str, Any] | None = None,
    *,
    verbose: bool = False,
) -> None:
    """Print the tables and the finding, on two screens; or, with verbose, every row.

    timings: the run's file as JSON, for pytest-benchmark's table of it.
    """
    if verbose:
        print_rows(it, target)
        target.print()
    else:
        print_one_look(it, target, timings)
    if it.findings:
        print_finding(it, target)
