"""How far the bench is, drawn on stderr from lines that its child writes."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

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


Step = Callable[[int, int, str], None]


@contextmanager
def drawn() -> Iterator[Step]:
    """A function that draws "done of total, what runs now" on a terminal's stderr.

    What it draws disappears at the end; elsewhere it draws nothing.
    """
    target = Console(stderr=True, highlight=False)
    columns = (BarColumn(20), MofNCompleteColumn())
    with Progress(
        *columns,
        TextColumn("{task.description}", markup=False),
        console=target,
        transient=True,
        # Drawn from here only: a thread that draws would want the GIL meanwhile.
        auto_refresh=False,
        disable=not target.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)

        def step(done: int, total: int, name: str) -> None:
            progress.update(task, description=name, completed=done, total=total)
            progress.refresh()

        yield step
