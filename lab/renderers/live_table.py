"""The screen of a process that is being looked at: a row a thread."""

from rich.console import Group, RenderableType
from rich.text import Text

from lab.records.trace import Trace
from lab.records.units import percent
from lab.renderers.trace_terminal import busiest, table

# Lines that are no threads: title, figures, an empty one, two of titles, what there is
# no room for, the rest.
OTHER_LINES = 7


def screen(trace: Trace, title: str, height: int) -> RenderableType:
    """trace: of the last moments. height: lines that there are."""
    rows = busiest(trace, max(1, height - OTHER_LINES))
    figures = f"GIL free {percent(trace.gil_free, trace.error)} of the time"
    if trace.told_apart:
        figures += f", wanted {percent(trace.contention, trace.contention_error)}"
    lines: list[RenderableType] = [
        Text(title, style="bold", no_wrap=True, overflow="crop"),
        Text(figures, no_wrap=True, overflow="crop"),
        Text(),
        table(trace, rows, colour=True),
    ]
    if len(rows) < len(trace.threads):
        lines.append(Text(f"and {len(trace.threads) - len(rows)} that did less"))
    return Group(*lines)
