"""How far the bench is, drawn on stderr from lines that its children cause."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:  # on a busy machine, what draws is imported where it draws
    from rich.progress import Progress

# Where nothing can be drawn over, a line so often.
EVERY_S = 10.0
# A step that took so many times the usual is none that comes again: a call that hung,
# a file that was compiled. Experiments differ by less.
RARE = 10.0
# Of fewer steps nobody knows which is usual.
FEW = 3


def draw(
    lines: Iterable[str],
    total_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Follow lines of "done<TAB>all<TAB>what runs now" until they end.

    A bar that disappears on a terminal; elsewhere the first line, and one every ten
    seconds. total_s: what it is expected to take; without it, what the part that is
    done took tells. A line that says less done than one before moves nothing back.
    """
    target = Console(stderr=True, highlight=False)
    steps = _steps(lines, total_s, clock)
    if not target.is_terminal:
        told_s = -EVERY_S
        begin_s = clock()
        for done, total, name, left in steps:
            now_s = clock() - begin_s
            if now_s - told_s >= EVERY_S:
                told_s = now_s
                text = f"[{done + 1}/{total}] {name}{left}"
                print(text, file=sys.stderr, flush=True)
        return
    with _bar(target, refresh_per_second=2) as progress:
        task = progress.add_task("collecting", total=None)
        for done, total, name, left in steps:
            text = f"{name}{left}"
            progress.update(task, description=text, completed=done, total=total)


def _steps(
    lines: Iterable[str], total_s: float | None, clock: Callable[[], float]
) -> Iterator[tuple[int, int, str, str]]:
    """Done, of how many, what runs now, and ", 20 s left" where that can be told."""
    since_s = clock()
    took_s: list[float] = []
    most, of = 0, 1
    for line in lines:
        now_s = clock()
        took_s.append(now_s - since_s)
        since_s = now_s
        done, total, name = line.rstrip("\n").split("\t")
        if int(done) * of > most * int(total):
            most, of = int(done), int(total)
        elif not most:
            of = max(int(total), 1)
        left_s = _left_s(most / of, took_s, total_s)
        yield most, of, name, "" if left_s is None else f", {left_s:.0f} s left"


def _left_s(part: float, took_s: list[float], total_s: float | None) -> float | None:
    """The rest of what was expected, at the pace of the steps so far."""
    if part <= 0 or len(took_s) < FEW:
        return None if total_s is None else total_s * (1 - part)
    usual_s = sorted(took_s)[(len(took_s) - 1) // 2]
    so_far_s = sum(one if one <= RARE * usual_s else usual_s for one in took_s) / part
    if total_s is None:
        return so_far_s * (1 - part)
    # The expectation counts for less the more is done.
    return (total_s * (1 - part) + so_far_s * part) * (1 - part)


def _bar(target: Console, **how: Any) -> "Progress":
    """A bar that disappears at the end, the count, and what runs now."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    text = TextColumn("{task.description}", markup=False)
    columns = BarColumn(20), MofNCompleteColumn(), text
    return Progress(*columns, console=target, transient=True, **how)


Step = Callable[[int, int, str], None]


@contextmanager
def drawn() -> Iterator[Step]:
    """A function that draws "done of total, what runs now" on a terminal's stderr.

    What it draws disappears at the end; elsewhere it draws nothing.
    """
    target = Console(stderr=True, highlight=False)
    if not target.is_terminal:
        yield lambda done, total, name: None
        return
    # Drawn from here only: a thread that draws would want the GIL meanwhile.
    with _bar(target, auto_refresh=False) as progress:
        task = progress.add_task("", total=None)

        def step(done: int, total: int, name: str) -> None:
            progress.update(task, description=name, completed=done, total=total)
            progress.refresh()

        yield step
