"""The bench's header, table and finding, as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lab.machine import Machine
from lab.records import Run
from lab.renderers.console import plus_minus
from lab.series_verdicts import SeriesFinding, judge_series
from lab.summary import Gains, gains
from lab.twins import Bound, Claim
from lab.units import duration
from lab.verdicts import Finding, Judgement, Verdict, judge

# What threads do, and its colour.
WORDS = {
    Verdict.HELPS: ("help", "green"),
    Verdict.NO_HELP: ("do not help", "yellow"),
    Verdict.PARTLY: ("help partly", "cyan"),
    Verdict.INCONCLUSIVE: ("inconclusive", "dim"),
    Verdict.SINGLE: ("", ""),
}
MARKS = {
    Judgement.AS_PREDICTED: "ok",
    Judgement.CONTRADICTED: "!!",
    Judgement.INCONCLUSIVE: "??",
    Judgement.NO_CLAIM: "  ",
}
# What a reader wants a reason for.
OPEN = (Judgement.INCONCLUSIVE, Judgement.CONTRADICTED)


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
    Column("time", lambda f, _: duration(f.time_s.median)),
    Column("speedup", lambda f, sign: _speedup(f, sign)),
    Column("cores", lambda f, _: f"{f.cores:.2f}"),
    Column("limit", lambda f, _: f"{f.limit:g}", spare=True),
    Column("free", lambda f, _: f"{f.race.share.gil_free:.2f}" if f.race.share else ""),
    Column("ceil", lambda f, _: _ceiling(f), spare=True),
)


def header(machine: Machine, target: Console) -> None:
    """Print what the run ran on."""
    gil = "GIL on" if machine.gil else "GIL off (free-threaded)"
    if machine.gil and machine.free_threaded_build:
        gil = "GIL on (free-threaded build)"
    target.print(
        f"gil-lab: {machine.implementation} {machine.python}, {gil}, "
        f"{machine.cores:g} usable cores, "
        f"switch interval {duration(machine.switch_interval_s)}, {machine.system}",
        style="bold",
    )


def report(run: Run, target: Console) -> list[Finding | SeriesFinding]:
    """Print the table, the reasons and the finding; return what was found."""
    findings = [judge(race) for race in run.races]
    series = [judge_series(series) for series in run.series]
    if findings:
        target.print()
        target.print(_table(findings, target))
    notes = [_note(found) for found in findings if found.judgement in OPEN]
    notes += [note for found in findings for note in _ceiling_notes(found)]
    if notes:
        target.print()
        target.print(*notes, sep="\n")
    if series:
        target.print()
        target.print(_series_table(series, target))
    if findings:
        target.print()
        _finding(run, findings, target)
    return [*findings, *series]


def _table(findings: list[Finding], target: Console) -> Table:
    table = _races(findings, COLUMNS, target)
    unbounded = target.options.update(max_width=1000)
    if Measurement.get(target, unbounded, table).maximum > target.width:
        table = _races(findings, [one for one in COLUMNS if not one.spare], target)
    return table


def _races(
    findings: list[Finding], columns: Sequence[Column], target: Console
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.title, justify=column.justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("   threads", no_wrap=True)
    sign = plus_minus(target)
    for finding in findings:
        cells = [column.cell(finding, sign) for column in columns]
        table.add_row(*cells, _verdict(finding))
    return table


def _series_table(findings: list[SeriesFinding], target: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("experiment", "of", "measured", "claim"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        series = finding.series
        colour = "bold red" if finding.judgement is Judgement.CONTRADICTED else ""
        claim = f"{MARKS[finding.judgement]} {series.claim}"
        if finding.reason:
            claim += f": {finding.judgement}, {finding.reason}"
        table.add_row(
            series.experiment,
            series.subject,
            _measured(finding, plus_minus(target)),
            Text(claim, style=colour),
        )
    return table


def _measured(finding: SeriesFinding, sign: str) -> str:
    if finding.estimate is None:
        return "nothing"
    middle, half = finding.estimate.median, finding.estimate.half_width
    if finding.series.unit == "s":
        return f"{duration(middle)} {sign}{duration(half)}"
    return f"{middle:.3g} {sign}{half:.2g} {finding.series.unit}".rstrip()


def _speedup(finding: Finding, sign: str) -> str:
    if finding.speedup is None:
        return ""
    digits = 2 if finding.speedup.median < 10 else 1
    value, half = finding.speedup.median, finding.speedup.half_width
    return f"{value:.{digits}f} {sign}{half:.{digits}f}"


def _verdict(finding: Finding) -> Text:
    words, style = WORDS[finding.verdict]
    if finding.judgement is Judgement.CONTRADICTED:
        style = "bold red"
    return Text(f"{MARKS[finding.judgement]} {words}", style=style)


def _note(finding: Finding) -> Text:
    race = finding.race
    text = f"{MARKS[finding.judgement]} {race.kernel} {race.twin} x{race.threads}"
    text += f": {finding.judgement}"
    if finding.judgement is Judgement.CONTRADICTED:
        text += f": claimed that {race.claim}, found that {finding.verdict}"
    return Text(f"{text}: {finding.reason}" if finding.reason else text)


def _ceiling(finding: Finding) -> str:
    ceiling = finding.ceiling
    if ceiling is None:
        return ""
    if ceiling.value >= 100:
        return "none"
    return f"{ceiling.value:.{2 if ceiling.value < 10 else 1}f}"


def _ceiling_notes(finding: Finding) -> list[Text]:
    ceiling, race = finding.ceiling, finding.race
    if ceiling is None or finding.speedup is None:
        return []
    name = f"{race.kernel} {race.twin} x{race.threads}"
    if ceiling.judgement is Judgement.CONTRADICTED:
        text = (
            f"!! {name}: contradicted: speedup above its ceiling of {ceiling.value:.2f}"
        )
        return [Text(text, style="bold red")]
    if ceiling.under and race.claim is Claim.TO_CEILING:
        text = f"   {name}: below min(N, cores, ceiling) = {ceiling.line:.2f}:"
        return [Text(f"{text} handing over the GIL takes the rest")]
    return []


def _finding(run: Run, findings: list[Finding], target: Console) -> None:
    target.print('The myth:    "Call C, and your threads run in parallel."')
    held = [gains(findings, "held", bound) for bound in Bound]
    released = [gains(findings, "released", bound) for bound in Bound]
    if not any(held) and not any(released):
        text = "nothing could be told here: see the reasons above."
    elif not run.machine.gil:
        text = (
            "this interpreter has no GIL, so there is nothing to release: "
            f"{_sentence(held, 'kept what GIL there would be')}; "
            f"{_sentence(released, 'would release it')}."
        )
    else:
        text = (
            f"{_sentence(held, 'kept the GIL')}; "
            f"{_sentence(released, 'released it')}. "
            "C helps threads only where someone releases the GIL."
        )
    target.print(f"The finding: {text}")


def _sentence(groups: list[Gains | None], deed: str) -> str:
    known = [group for group in groups if group is not None]
    calls = sum(group.calls for group in known)
    if not calls:
        return f"of the C calls that {deed}, nothing is known"
    parts = []
    for bound, group in zip(Bound, groups, strict=True):
        if group is not None:
            low, high = f"{group.lowest:.2f}x", f"{group.highest:.2f}x"
            span = low if low == high else f"{low} to {high}"
            parts.append(f"{span} on {group.threads} threads ({bound})")
    return f"{calls} C calls that {deed} gained {', '.join(parts)}"
