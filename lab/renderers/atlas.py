"""The atlas as a table."""

import math

from rich.console import Console
from rich.text import Text

from lab.records.units import share
from lab.renderers.console import table
from lab.renderers.wording import MARKS
from lab.verdicts.atlas import Row
from lab.verdicts.finding import Judgement


def draw(rows: list[Row], target: Console) -> None:
    """Print the table, at most 100 columns; plain ASCII where target is no terminal."""
    drawn = table()
    drawn.add_column("call", overflow="fold", max_width=34)
    drawn.add_column("GIL-free", justify="right", no_wrap=True)
    drawn.add_column("ceiling", justify="right", no_wrap=True)
    drawn.add_column("   verdict", no_wrap=True)
    drawn.add_column("written in", overflow="fold")
    for row in rows:
        drawn.add_row(*_cells(row))
    target.print(drawn)
    for row in rows:
        if row.missing:
            target.print(Text(f"?? {row.entry.expression}: {row.missing}"))


def _cells(row: Row) -> tuple[Text, ...]:
    style = "bold red" if row.judgement is Judgement.CONTRADICTED else ""
    free = ceiling = ""
    verdict = "missing"
    if row.probe is not None:
        free = share(row.probe.gil_free, row.probe.error)
        ceiling = _times(row.probe.ceiling)
        verdict = row.probe.verdict
    return (
        Text(row.entry.expression),
        Text(free),
        Text(ceiling),
        Text(f"{MARKS[row.judgement]} {verdict}", style=style),
        Text(row.entry.source),
    )


def _times(speedup: float) -> str:
    if math.isinf(speedup):
        return "none"
    return f"{speedup:.3g}x" if speedup < 100 else "> 100x"
