"""Every row of a run: the races, what needs a reason, every figure, the finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lab.renderers import wording
from lab.renderers.console import plus_minus
from lab.renderers.palette import COLOURS, colour
from lab.verdicts.finding import Finding
from lab.verdicts.run import Judged
from lab.verdicts.series import SeriesFinding

# What the headings mean, in two lines of 100 columns.
LEGEND = (
    "N: threads. time: of all. speedup: N x time of one / time, {} 95 % interval. "
    "cores: in use. limit: of speedup. free: GIL-free part of a call. ceil: 1/(1-free)."
    " ok: as claimed, !!: not, ??: open."
)


@dataclass(frozen=True)
class Column:
    """One column: its title, its cell, whether a narrow terminal has no room for it."""

    title: str
    cell: Callable[[Finding, str], str]
    justify: str = "right"
    spare: bool = False


COLUMNS = (
    Column("kernel", lambda f, _: f.race.kernel, "left"),
    Column("twin", lambda f, _: f.race.twin, "left"),
    Column("call by", lambda f, _: f.race.via, "left", spare=True),
    Column("N", lambda f, _: str(f.race.threads)),
    Column("time", lambda f, _: wording.time(f)),
    Column("speedup", wording.speedup),
    Column("cores", lambda f, _: f"{f.cores:.2f}"),
    Column("limit", lambda f, _: f"{f.limit:g}", spare=True),
    Column("free", lambda f, _: wording.free(f)),
    Column("ceil", lambda f, _: wording.ceiling(f), spare=True),
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
        target.print(_series(it.series, target))


def _print_races(findings: Sequence[Finding], target: Console) -> None:
    columns, left_out = list(COLUMNS), list[str]()
    unbounded = target.options.update(max_width=1000)
    while True:
        table = _races(findings, columns, target)
        spare = [one for one in columns if one.spare]
        width = Measurement.get(target, unbounded, table).maximum
        if width <= target.width or not spare:
            break
        columns.remove(spare[-1])
        left_out.append(spare[-1].title)
    legend = LEGEND.format(plus_minus(target))
    if left_out:
        legend += f" No room for: {', '.join(left_out)}."
    target.print(table)
    target.print(Text(legend, style="dim"))


def _races(
    findings: Sequence[Finding], columns: Sequence[Column], target: Console
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.title, justify=column.justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("   help?", overflow="fold")
    sign = plus_minus(target)
    for finding in findings:
        cells = [Text(column.cell(finding, sign)) for column in columns]
        table.add_row(*cells, Text(wording.verdict(finding), style=colour(finding)))
    return table


def _series(findings: Sequence[SeriesFinding], target: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("experiment", "of", "measured", "claim"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        table.add_row(
            Text(finding.series.experiment),
            Text(finding.series.subject),
            Text(wording.measured(finding, plus_minus(target))),
            Text(wording.claim(finding), style=COLOURS[finding.judgement]),
        )
    return table
