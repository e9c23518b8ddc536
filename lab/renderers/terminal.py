"""The bench's header, table and finding, as text."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lab.machine import Machine
from lab.renderers import words
from lab.renderers.console import console, plus_minus
from lab.series_verdicts import SeriesFinding
from lab.summary import Judged
from lab.verdicts import Finding, Judgement, Verdict

STYLES = {
    Verdict.HELPS: "green",
    Verdict.NO_HELP: "yellow",
    Verdict.PARTLY: "cyan",
    Verdict.PARALLEL: "green",
    Verdict.INCONCLUSIVE: "dim",
    Verdict.SINGLE: "",
}


@dataclass(frozen=True)
class Column:
    """One column: its title, its cell, whether a narrow terminal may lose it."""

    title: str
    cell: Callable[[Finding, str], str]
    justify: str = "right"
    spare: bool = False


COLUMNS = (
    Column("kernel", lambda f, _: f.race.kernel, "left"),
    Column("twin", lambda f, _: f.race.twin, "left"),
    Column("call by", lambda f, _: f.race.via, "left", spare=True),
    Column("N", lambda f, _: str(f.race.threads)),
    Column("time", lambda f, _: words.time(f)),
    Column("speedup", words.speedup),
    Column("cores", lambda f, _: f"{f.cores:.2f}"),
    Column("limit", lambda f, _: f"{f.limit:g}", spare=True),
    Column("free", lambda f, _: words.free(f)),
    Column("ceil", lambda f, _: words.ceiling(f), spare=True),
)


def render(runs: Sequence[Judged]) -> str:
    """The runs, plain, for a file."""
    out = io.StringIO()
    show(runs, console(out))
    return out.getvalue()


def show(runs: Sequence[Judged], target: Console) -> None:
    """Print header, table, reasons and finding of one run after another."""
    for place, it in enumerate(runs):
        if place:
            target.print()
        if len(runs) > 1:
            target.print(Text(it.name, style="bold"))
        header(it.run.machine, target)
        report(it, target)


def header(machine: Machine, target: Console) -> None:
    """Print what the run ran on."""
    target.print(f"gil-lab: {words.machine(machine)}", style="bold")


def report(it: Judged, target: Console) -> None:
    """Print the table, the reasons and the finding."""
    if it.findings:
        target.print()
        target.print(_table(it.findings, target))
    notes = [Text(text, style=_colour(of)) for text, of in words.notes(it.findings)]
    if notes:
        target.print()
        target.print(*notes, sep="\n")
    if it.series:
        target.print()
        target.print(_series_table(it.series, target))
    if it.findings:
        target.print()
        target.print(f'The myth:    "{words.MYTH}"')
        target.print(f"The finding: {words.finding(it)}")


def _table(findings: Sequence[Finding], target: Console) -> Table:
    table = _races(findings, COLUMNS, target)
    unbounded = target.options.update(max_width=1000)
    if Measurement.get(target, unbounded, table).maximum > target.width:
        table = _races(findings, [one for one in COLUMNS if not one.spare], target)
    return table


def _races(
    findings: Sequence[Finding], columns: Sequence[Column], target: Console
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.title, justify=column.justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("   threads", no_wrap=True)
    sign = plus_minus(target)
    for finding in findings:
        cells = [Text(column.cell(finding, sign)) for column in columns]
        style = _colour(finding.judgement) or STYLES[finding.verdict]
        table.add_row(*cells, Text(words.verdict(finding), style=style))
    return table


def _series_table(findings: Sequence[SeriesFinding], target: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("experiment", "of", "measured", "claim"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        table.add_row(
            Text(finding.series.experiment),
            Text(finding.series.subject),
            Text(words.measured(finding, plus_minus(target))),
            Text(words.claim(finding), style=_colour(finding.judgement)),
        )
    return table


def _colour(judgement: Judgement) -> str:
    return "bold red" if judgement is Judgement.CONTRADICTED else ""
