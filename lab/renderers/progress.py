"""How far the bench is, drawn on stderr from lines that its child writes."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)


def draw(lines: Iterable[str]) -> None:
    """Follow lines of "done<TAB>all<TAB>what runs now" until they end.

    A bar that disappears on a terminal, a line for each elsewhere.
    """
    target = Console(stderr=True, highlight=False)
    if not target.is_terminal:
        for line in lines:
            done, total, name = line.rstrip("\n").split("\t")
            print(f"[{int(done) + 1}/{total}] {name}", file=sys.stderr, flush=True)
        return
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns,
        TextColumn("{task.description}", markup=False),
        console=target,
        transient=True,
        refresh_per_second=2,
    ) as progress:
        task = progress.add_task("collecting", total=None)
        for line in lines:
            done, total, name = line.rstrip("\n").split("\t")
            progress.update(
                task, description=name, completed=int(done), total=int(total)
            )
