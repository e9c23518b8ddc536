"""The table of all verdicts as titles and cells, one run alone or several abreast."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lab.renderers import wording
from lab.verdicts.finding import Finding, Judgement
from lab.verdicts.run import Judged
from lab.verdicts.series import SeriesFinding


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and the judgement it tells, if it does."""

    text: str
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """groups: the runs' labels with how many columns each has, after `own` columns
    that name the row; empty for one run."""

    own: int
    groups: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Figures = Callable[[Finding, str], Cell]


def races(runs: Sequence[Judged], sign: str) -> Sheet:
    """The races. Several runs: a row for each race that any of them has."""
    columns = ALONE if len(runs) == 1 else ABREAST
    keys = dict.fromkeys(_race_key(one) for it in runs for one in it.findings)
    found = [{_race_key(one): one for one in it.findings} for it in runs]

    def cells(key: tuple[str, ...]) -> Iterator[Cell]:
        yield from map(Cell, key)
        for one in found:
            for _, cell in columns:
                yield cell(one[key], sign) if key in one else Cell("")

    return Sheet(
        own=4,
        groups=_groups(runs, len(columns)),
        titles=("kernel", "twin", "call by", "N")
        + tuple(title for title, _ in columns) * len(runs),
        rows=tuple(tuple(cells(key)) for key in keys),
    )


def series(runs: Sequence[Judged], sign: str, experiment: str | None = None) -> Sheet:
    """The figures of the experiments, or of one."""
    chosen = [[one for one in it.series if _of(one, experiment)] for it in runs]
    keys = dict.fromkeys(_series_key(one) for of_run in chosen for one in of_run)
    found = [{_series_key(one): one for one in of_run} for of_run in chosen]

    def cells(key: tuple[str, ...]) -> Iterator[Cell]:
        yield from map(Cell, key)
        for one in found:
            if key in one:
                yield Cell(wording.measured(one[key], sign))
                yield Cell(wording.claim(one[key]), one[key].judgement)
            else:
                yield from (Cell(""), Cell(""))

    return Sheet(
        own=2,
        groups=_groups(runs, 2),
        titles=("experiment", "of") + ("measured", "claim") * len(runs),
        rows=tuple(tuple(cells(key)) for key in keys),
    )


def claims(runs: Sequence[Judged], sign: str, experiment: str) -> Sheet:
    """The figures of one experiment that have a claim, without its name."""
    whole = series(runs, sign, experiment)
    rows = tuple(row[1:] for row in whole.rows if any(map(_says, row[2:])))
    return Sheet(1, whole.groups, whole.titles[1:], rows)


def _says(cell: Cell) -> bool:
    return cell.judgement is not None and bool(cell.text.strip())


def labels(runs: Sequence[Judged]) -> list[str]:
    """What each ran on, in a line; with its name where there are several."""
    if len(runs) == 1:
        return [wording.machine(runs[0].run.machine)]
    return [f"{it.name}: {wording.machine(it.run.machine)}" for it in runs]


def _groups(runs: Sequence[Judged], columns: int) -> tuple[tuple[str, int], ...]:
    if len(runs) == 1:
        return ()
    return tuple((label, columns) for label in labels(runs))


def _of(finding: SeriesFinding, experiment: str | None) -> bool:
    return experiment is None or finding.series.experiment == experiment


def _race_key(finding: Finding) -> tuple[str, ...]:
    race = finding.race
    return race.kernel, race.twin, race.via, str(race.threads)


def _series_key(finding: SeriesFinding) -> tuple[str, ...]:
    return finding.series.experiment, finding.series.subject


def _verdict(finding: Finding, sign: str) -> Cell:
    return Cell(wording.verdict(finding), finding.judgement)


SPEEDUP: tuple[str, Figures] = "speedup", lambda f, sign: Cell(wording.speedup(f, sign))
CORES: tuple[str, Figures] = "cores", lambda f, _: Cell(f"{f.cores:.2f}")
FREE: tuple[str, Figures] = (
    "GIL-free",
    lambda f, sign: Cell(wording.free_within(f, sign)),
)
ALONE: tuple[tuple[str, Figures], ...] = (
    ("time", lambda f, sign: Cell(wording.time_within(f, sign))),
    SPEEDUP,
    CORES,
    ("limit", lambda f, _: Cell(f"{f.limit:g}")),
    FREE,
    ("ceiling", lambda f, _: Cell(wording.ceiling(f))),
    ("threads", _verdict),
)
ABREAST = (SPEEDUP, CORES, FREE, ("threads", _verdict))
