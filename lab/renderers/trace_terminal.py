"""A trace for a terminal: a table of threads, and a strip of time for each."""

from collections.abc import Iterator, Sequence
from heapq import nlargest
from operator import attrgetter

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lab.records.slices import in_slices
from lab.records.trace import ALIKE, STATE_NAMES, STATES, State, ThreadTrace, Trace
from lab.records.units import duration, percent
from lab.renderers import lines_table
from lab.renderers.console import Fitting, ascii_only, text_of

# How a state is drawn: its colour, its block character, and that in ASCII.
SIGNS: dict[State, tuple[str, str, str]] = {
    "holds": ("red", "█", "#"),
    "runs_free": ("green", "▄", "="),
    "wants": ("yellow", "▒", "w"),
    "ready": ("blue", "░", "r"),
    "blocked": ("dim", "─", "-"),
    "waits": ("dim", "·", "."),
}
MOST_ROWS = 24
MOST_WAITERS = 5
# Of each, those that it waits for longest.
MOST_HOLDERS = 2
# Of the time: who waits less is not worth a line.
LEAST_WAIT = 0.01
# A mean pause so many times as long as asked for is worth a line.
SLOWED = 2
NARROWEST = 40
# Columns that the name of a thread needs, and of a call; and what is left out, the
# first first, where there is no room.
LEAST_NAME = 12
LEAST_CALL = 7
SPARE = ("no\ncore", "runs\nfree", CALL := "mostly in", "blocked")


def render(trace: Trace, width: int, colour: bool, *, crowded: bool = False) -> str:
    """The summary, no line longer than `width` columns (40 at least).

    colour: for a terminal, with colours and block characters; otherwise ASCII only.
    At most 24 threads, those that did most, in the order of their start. crowded: no
    core was idle while another process was looked at.
    """
    width = max(width, NARROWEST)
    parts = [*summary(trace, colour, crowded), *timeline(trace, width, colour)]
    return text_of(parts, width, colour=colour)


def summary(
    trace: Trace, colour: bool, crowded: bool = False
) -> Iterator[RenderableType]:
    """The figures: of the trace in lines, of the threads in a table."""
    rows = busiest(trace)
    yield _headline(trace)
    if trace.asked_s and trace.interval_s > SLOWED * trace.asked_s:
        yield _slowed(trace, crowded)
    if trace.lost:
        yield _lost(trace)
    if trace.told_apart:
        wanted = percent(trace.contention, trace.contention_error)
        yield f"some thread wants the GIL and waits for it {wanted} of the time"
    if trace.folded:
        yield f"{trace.folded} ended threads are not shown"
    yield table(trace, rows, colour)
    yield from _waiters(trace, colour)
    if len(rows) < len(trace.threads):
        yield f"and {len(trace.threads) - len(rows)} threads that did less"
    yield from lines_table.render(trace, colour)


def timeline(trace: Trace, width: int, colour: bool) -> Iterator[RenderableType]:
    """For each thread a strip of time, `width` columns wide; below them the legend."""
    yield strips(trace, busiest(trace), width, colour)
    yield f"{trace.segments_start_s:.3f} to {trace.duration_s:.3f} s"
    yield legend([trace], colour)


def busiest(trace: Trace, most: int = MOST_ROWS) -> list[int]:
    """The places of the threads that did most, so many at most, in their order."""

    def active(index: int) -> float:
        return trace.threads[index].holds + trace.threads[index].runs_free

    busiest = sorted(range(len(trace.threads)), key=active, reverse=True)
    return sorted(busiest[:most])


def _headline(trace: Trace) -> str:
    return (
        f"GIL free {percent(trace.gil_free, trace.error)} of {trace.duration_s:.3f} s"
        f" (Python {trace.python}, {trace.samples} samples)"
    )


def _slowed(trace: Trace, crowded: bool) -> str:
    """Why the scope sampled less often than asked, in words."""
    mean_s, threads = trace.duration_s / max(1, trace.samples), len(trace.threads)
    if crowded:
        return (
            f"few samples, one every {mean_s * 1e3:.0f} ms: no core was idle, and what"
            " runs there comes first"
        )
    count = "1 thread" if threads == 1 else f"{threads} threads"
    return (
        f"sampled every {mean_s * 1e6:.0f} us instead of {trace.asked_s * 1e6:.0f},"
        f" so as not to slow down {count}"
    )


def _lost(trace: Trace) -> str:
    """What happened to the samples that were not taken, in words."""
    were = "1 more sample was" if trace.lost == 1 else f"{trace.lost} more samples were"
    return f"{were} due while the scope had no core; the interval allows for it"


def table(trace: Trace, rows: Sequence[int], colour: bool) -> Fitting:
    """A row for each of these threads, with fewer figures where it is narrow."""
    return Fitting(lambda left_out: _table(trace, rows, colour, left_out), SPARE)


def _table(
    trace: Trace, rows: Sequence[int], colour: bool, left_out: Sequence[str]
) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold" if colour else "")
    made.add_column("thread", overflow="crop", no_wrap=True, max_width=LEAST_NAME)
    figures = {"holds": "holds", "runs\nfree": "runs_free", "waits": "waits"}
    if trace.told_apart:
        del figures["waits"]
        figures |= {"wants\nGIL": "wants", "no\ncore": "ready", "blocked": "blocked"}
    figures = {it: state for it, state in figures.items() if it not in left_out}
    for title in (*figures, "longest\nhold"):
        made.add_column(title, justify="right", no_wrap=True, overflow="crop")
    calls = trace.told_apart and CALL not in left_out
    if calls:  # shrinks first
        made.add_column(CALL, overflow="crop", max_width=LEAST_CALL)
    for index in rows:
        thread = trace.threads[index]
        made.add_row(
            _text(thread, colour),
            *(f"{getattr(thread, share):.1%}" for share in figures.values()),
            f"{thread.longest_hold_s * 1e3:.1f} ms",
            *([call.name for call in thread.calls[:1]] or [""]) * calls,
        )
    return made


def _waiters(trace: Trace, colour: bool) -> Iterator[str]:
    """Who waits for the GIL longest, and for whom."""
    for one in nlargest(MOST_WAITERS, trace.threads, key=attrgetter("wants")):
        holders = ", ".join(
            f"{behind.share:.1%} for {_text(trace.threads[behind.holder], colour)}"
            for behind in one.behind[:MOST_HOLDERS]
            if behind.share >= LEAST_WAIT
        )
        if holders:
            yield (
                f"{_text(one, colour)} waits {one.wants:.1%} of the time, at most"
                f" {duration(one.longest_want_s)} at once: {holders}"
            )


def strips(trace: Trace, rows: Sequence[int], width: int, colour: bool) -> Text:
    """A line of time for each of these threads, at most `width` columns wide."""
    names = [_text(trace.threads[index], colour) for index in rows]
    label = min(max(map(len, names), default=0), width // 3)
    slices = width - label - 1
    spent = in_slices(trace, slices)
    text = Text(no_wrap=True)
    for index, name in zip(rows, names, strict=True):
        text.append(name[:label].ljust(label) + " ")
        for state in spent.get(index, [None] * slices):
            text.append(" " if state is None else _sign(state, colour))
        text.append("\n")
    text.rstrip()
    return text


def legend(traces: Sequence[Trace], colour: bool) -> Text:
    """What the characters of their strips mean."""
    seen = {segment.state for trace in traces for segment in trace.segments}
    return Text("  ").join(
        Text.assemble(_sign(state, colour), f" {STATE_NAMES[state]}")
        for state in STATES
        if state in (seen or ALIKE)
    )


def _sign(state: State, colour: bool) -> Text:
    style, block, plain = SIGNS[state]
    return Text(block if colour else plain, style)


def _text(thread: ThreadTrace, colour: bool) -> str:
    return thread.name if colour else ascii_only(thread.name)
