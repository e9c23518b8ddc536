"""The lines that held the GIL longest, for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from lab.records.lines import Line
from lab.records.source_names import place, source
from lab.records.trace import Trace
from lab.renderers.console import Fitting, ascii_only

MOST_LINES = 10
# Columns that a place needs; and what is left out, the first first, where there is no
# room.
LEAST_PLACE = 24
SPARE = ("others\nwanted it", "longest\nhold")
# Of all holding: what is less is not worth a row or a remark.
LEAST_REMARK = 0.001


def render(trace: Trace, colour: bool) -> Iterator[RenderableType]:
    """A table of at most ten lines, and what it leaves out. Nothing where no line was
    found. colour: for a terminal, with more than ASCII."""
    least = LEAST_REMARK * trace.held
    ranked = [line for line in trace.lines[:MOST_LINES] if line.held > least]
    if not ranked:
        return
    yield ""
    yield Fitting(lambda left_out: _table(trace, ranked, colour, left_out), SPARE)
    yield from _left_out(trace, len(ranked))


def _table(
    trace: Trace, ranked: Sequence[Line], colour: bool, left_out: Sequence[str]
) -> Table:
    table = Table(
        box=None, pad_edge=False, header_style="bold" if colour else "", padding=(0, 1)
    )
    titles = [it for it in ("of all\nholding", *SPARE[::-1]) if it not in left_out]
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True, vertical="top")
    table.add_column(
        "the lines that held the GIL longest", overflow="fold", max_width=LEAST_PLACE
    )
    for line in ranked:
        wanted_s = line.wanted * trace.duration_s
        figures = (
            f"{line.held / trace.held:.1%}",
            f"{line.longest_s * 1e3:.1f} ms",
            f"{wanted_s * 1e3:.1f} ms" if trace.told_apart else "?",
        )
        table.add_row(*figures[: len(titles)], _where(line, colour))
    return table


def _where(line: Line, colour: bool) -> Text:
    """Its place, its function and what that calls; below, what stands there."""
    calls = f" calls {line.callee}" if line.callee else ""
    texts = [f"{place(line)} {line.function}{calls}".lstrip()]
    if code := source(line):
        texts.append(f"  {code}")
    if not colour:
        texts = list(map(ascii_only, texts))
    return Text("\n").join(
        Text(text, style="" if index == 0 else "dim" * colour)
        for index, text in enumerate(texts)
    )


def _left_out(trace: Trace, shown: int) -> Iterator[str]:
    rest = sum(line.held for line in trace.lines[shown:])
    for share, what in (
        (rest, "was held by other lines"),
        (trace.lines_native, "was held by threads that ran no Python function"),
        (trace.lines_unread, "could not be read: the stack changed meanwhile"),
        (trace.lines_folded, "was held by lines for which there was no room"),
    ):
        if share > LEAST_REMARK * trace.held:
            yield f"{share / trace.held:.1%} of the holding {what}"
