"""Every row of a run: the races, what needs a reason, every figure."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.renderers import wording
from lab.renderers.columns import RACE, SERIES, Column, Found
from lab.renderers.console import fits, plus_minus, table
from lab.renderers.palette import COLOURS, colour
from lab.verdicts.finding import Finding
from lab.verdicts.run import Judged

# What the headings mean, in two lines of 100 columns.
LEGEND = (
    "N: threads. time: of all. speedup: N x time of one / time, {} 95 % interval. "
    "cores: in use. limit: of speedup. free: GIL-free part of a call. ceil: 1/(1-free)."
    " ok: as claimed, !!: not, ??: open."
)


def print_rows(it: Judged, target: Console) -> None:
    """Print the table, the reasons and the experiments' figures."""
    if it.findings:
        target.print()
        _print_races(it.findings, target)
    notes = [Text(text, style=COLOURS[of]) for text, of in wording.notes(it)]
    if notes:
        target.print()
        target.print(*notes, sep="\n")
    if it.series:
        target.print()
        shown = [one for one in SERIES if one.title]
        target.print(
            findings_table(it.series, shown, target, lambda f: COLOURS[f.judgement])
        )


def _print_races(findings: Sequence[Finding], target: Console) -> None:
    columns, left_out = [one for one in RACE if one.title], list[str]()
    spare = [one for one in columns if one.spare]
    drawn = findings_table(findings, columns, target, colour)
    while spare and not fits(drawn, target):
        columns.remove(spare[-1])
        left_out.append(_title(spare.pop()))
        drawn = findings_table(findings, columns, target, colour)
    legend = LEGEND.format(plus_minus(target))
    if left_out:
        legend += f" No room for: {', '.join(left_out)}."
    target.print(drawn)
    target.print(Text(legend, style="dim"))


def _title(column: Column[Found]) -> str:
    return column.short_title or column.title


def findings_table(
    findings: Sequence[Found],
    columns: Sequence[Column[Found]],
    target: Console,
    style: Callable[[Found], str],
) -> Table:
    """A row a finding; style: of the cell that tells the judgement."""
    drawn, sign = table(), plus_minus(target)
    for one in columns:
        drawn.add_column(_title(one), justify=one.justify, overflow="fold")
    for it in findings:
        drawn.add_row(
            *(
                Text((one.short or one.text)(it, sign), style(it) if one.judged else "")
                for one in columns
            )
        )
    return drawn
