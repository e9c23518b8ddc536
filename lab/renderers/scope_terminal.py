"""A trace for a terminal: a table of threads, and a strip of time for each."""

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.trace import STATES, WORDS, State, ThreadTrace, Trace

STYLES: dict[State, str] = {"holds": "red", "runs_free": "green", "waits": "dim"}
PLAIN: dict[State, str] = {"holds": "#", "runs_free": "=", "waits": "."}
BLOCKS: dict[State, str] = {"holds": "█", "runs_free": "▄", "waits": "·"}
MOST_ROWS = 24
NARROWEST = 40


def render(trace: Trace, width: int, colour: bool) -> str:
    """The summary, no line longer than `width` columns (40 at least).

    colour: for a terminal, with colours and block characters; otherwise ASCII only.
    At most 24 threads, those that did most, in the order of their start.
    """
    width = max(width, NARROWEST)
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    rows = _busiest(trace)
    console.print(_headline(trace))
    if trace.folded:
        console.print(f"{trace.folded} ended threads are not shown")
    console.print(_table(trace, rows, colour))
    if len(rows) < len(trace.threads):
        console.print(f"and {len(trace.threads) - len(rows)} threads that did less")
    console.print(strips(trace, rows, width, colour), no_wrap=True)
    console.print(f"{trace.segments_start_s:.3f} to {trace.duration_s:.3f} s")
    console.print(legend(colour))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _busiest(trace: Trace) -> list[int]:
    def active(index: int) -> float:
        return trace.threads[index].holds + trace.threads[index].runs_free

    busiest = sorted(range(len(trace.threads)), key=active, reverse=True)
    return sorted(busiest[:MOST_ROWS])


def _headline(trace: Trace) -> str:
    lost = f", {trace.lost} lost" if trace.lost else ""
    return (
        f"GIL free {trace.gil_free:.1%} +-{trace.error:.1%} of {trace.duration_s:.3f} s"
        f" (Python {trace.python}, {trace.samples} samples{lost})"
    )


def _table(trace: Trace, rows: list[int], colour: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold" if colour else "")
    table.add_column("thread", overflow="crop", no_wrap=True, ratio=1)
    for title in ("holds", "runs free", "waits", "longest hold"):
        table.add_column(title, justify="right")
    for index in rows:
        thread = trace.threads[index]
        table.add_row(
            _text(thread, colour),
            f"{thread.holds:.1%}",
            f"{thread.runs_free:.1%}",
            f"{thread.waits:.1%}",
            f"{thread.longest_hold_s * 1e3:.1f} ms",
        )
    return table


def strips(trace: Trace, rows: Sequence[int], width: int, colour: bool) -> Text:
    """A line of time for each of these threads, at most `width` columns wide."""
    names = [_text(trace.threads[index], colour) for index in rows]
    label = min(max(map(len, names), default=0), width // 3)
    slices = width - label - 1
    marks = BLOCKS if colour else PLAIN
    spent = _slices(trace, slices)
    text = Text()
    for index, name in zip(rows, names, strict=True):
        text.append(name[:label].ljust(label) + " ")
        for state in spent.get(index, [None] * slices):
            if state is None:
                text.append(" ")
            else:
                text.append(marks[state], style=STYLES[state])
        text.append("\n")
    text.rstrip()
    return text


def legend(colour: bool) -> Text:
    """What the marks of a strip mean."""
    marks = BLOCKS if colour else PLAIN
    return Text("  ").join(
        Text.assemble((marks[state], STYLES[state]), f" {WORDS[state]}")
        for state in STATES
    )


def _slices(trace: Trace, count: int) -> dict[int, list[State | None]]:
    """Per thread, the state in which it spent most of each of `count` equal slices."""
    start_s = trace.segments_start_s
    slice_s = (trace.duration_s - start_s) / count
    spent: dict[int, list[dict[State, float]]] = {}
    for segment in trace.segments:
        cells = spent.setdefault(segment.thread, [{} for _ in range(count)])
        first = max(0, min(count - 1, int((segment.start_s - start_s) / slice_s)))
        last = max(0, min(count - 1, int((segment.end_s - start_s) / slice_s)))
        for place in range(first, last + 1):
            begin_s = max(segment.start_s, start_s + place * slice_s)
            end_s = min(segment.end_s, start_s + (place + 1) * slice_s)
            cell = cells[place]
            if end_s > begin_s:
                cell[segment.state] = cell.get(segment.state, 0.0) + end_s - begin_s
    most: dict[int, list[State | None]] = {}
    for thread, cells in spent.items():
        ranked = [sorted(cell, key=cell.__getitem__) for cell in cells]
        most[thread] = [states[-1] if states else None for states in ranked]
    return most


def _text(thread: ThreadTrace, colour: bool) -> str:
    name = "".join(each if each.isprintable() else " " for each in thread.name)
    return name if colour else name.encode("ascii", "backslashreplace").decode()
