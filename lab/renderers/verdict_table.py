"""The table of all verdicts as titles and cells, one run alone or several abreast."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.renderers import wording
from lab.renderers.columns import RACE, SERIES, Column, Found
from lab.verdicts.finding import Judgement
from lab.verdicts.run import Judged

# What a page and Markdown show for plus-minus.
SIGN = "±"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    judgement: Judgement | None = None
    """The one that the text tells, if it tells one."""


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """A table, whatever it is written in."""

    own: int
    """How many columns name the row; they come first."""
    groups: tuple[tuple[str, int], ...]
    """For each run its label, and how many columns it has; empty for one run."""
    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def races(runs: Sequence[Judged]) -> VerdictTable:
    """The races. Several runs: a row for each race that any of them has."""
    return _table(runs, RACE, [it.findings for it in runs])


def series(runs: Sequence[Judged], experiment: str | None = None) -> VerdictTable:
    """The figures of the experiments, or of one."""
    chosen = [
        [one for one in it.series if experiment in (None, one.series.experiment)]
        for it in runs
    ]
    return _table(runs, SERIES, chosen)


def claims(runs: Sequence[Judged], experiment: str) -> VerdictTable:
    """The figures of one experiment that have a claim, without its name."""
    whole = series(runs, experiment)
    rows = tuple(row[1:] for row in whole.rows if any(map(_says, row[2:])))
    return VerdictTable(1, whole.groups, whole.titles[1:], rows)


def labels(runs: Sequence[Judged]) -> list[str]:
    """What each ran on, in a line; with its name where there are several."""
    if len(runs) == 1:
        return [wording.machine(runs[0].run.machine)]
    return [f"{it.name}: {wording.machine(it.run.machine)}" for it in runs]


def _table(
    runs: Sequence[Judged],
    columns: Sequence[Column[Found]],
    found: Sequence[Sequence[Found]],
) -> VerdictTable:
    """found: for each run its findings, in the order of rows."""
    alone = len(runs) == 1
    names = [one for one in columns if one.names]
    figures = [
        one for one in columns if one.title and not one.names and (alone or one.abreast)
    ]
    by_name = [
        {tuple(one.text(it, SIGN) for one in names): it for it in of_run}
        for of_run in found
    ]

    def cells(name: tuple[str, ...]) -> Iterator[Cell]:
        yield from map(Cell, name)
        for of_run in by_name:
            for one in figures:
                if name not in of_run:
                    yield Cell("")
                else:
                    it = of_run[name]
                    yield Cell(one.text(it, SIGN), it.judgement if one.judged else None)

    return VerdictTable(
        own=len(names),
        groups=() if alone else tuple((it, len(figures)) for it in labels(runs)),
        titles=tuple(one.title for one in names)
        + tuple(one.title for one in figures) * len(runs),
        rows=tuple(
            tuple(cells(name))
            for name in dict.fromkeys(name for of_run in by_name for name in of_run)
        ),
    )


def _says(cell: Cell) -> bool:
    return cell.judgement is not None and bool(cell.text.strip())
