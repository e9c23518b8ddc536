"""What `calibrate` prints: the answer in a line, then the figures behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.renderers.columns import SERIES
from lab.renderers.details import findings_table
from lab.renderers.palette import COLOURS
from lab.verdicts.finding import Judgement
from lab.verdicts.series import SeriesFinding

WIDTH = 80
LEGEND = (
    "measured: the median and its 95 % interval, of several processes. ok: all of",
    "the interval is within the bound; !!: all is beyond; ??: it cannot be told.",
)


def show(
    findings: Sequence[SeriesFinding],
    skipped: Mapping[str, Sequence[str]],
    target: Console,
) -> None:
    """Print how many claims are within their bounds, and each figure.

    A point of a sweep is no row: the kept file has it. skipped: what was not measured,
    by reason.
    """
    rows = [one for one in findings if not one.series.figure]
    claimed = [one for one in rows if one.judgement is not Judgement.NO_CLAIM]
    target.print()
    target.print(Text(_headline(claimed), style="bold"))
    others = [one for one in rows if one.judgement is Judgement.NO_CLAIM]
    for title, shown in (("claim", claimed), ("without a claim", others)):
        if shown:
            target.print()
            target.print(_table(shown, title, target), width=WIDTH)
    target.print()
    for line in LEGEND:
        target.print(line)
    for reason, names in skipped.items():
        target.print(f"Left out ({len(names)}): {reason}", markup=False)


def _headline(claimed: Sequence[SeriesFinding]) -> str:
    found = [one.judgement for one in claimed]
    within = found.count(Judgement.AS_PREDICTED)
    beyond = found.count(Judgement.CONTRADICTED)
    untold = found.count(Judgement.INCONCLUSIVE)
    count = f"{within} of {len(found)} within bounds"
    if not found:
        return "nothing is claimed of the instruments here"
    if within == len(found):
        return f"the instruments are as good as claimed: {count}"
    if beyond:
        rest = f", {untold} cannot be told" if untold else ""
        return f"NOT as good as claimed: {count}, {beyond} beyond{rest}"
    return (
        f"not shown to be as good as claimed: {count}, {untold} cannot be told:\n"
        "close other programs and run it again"
    )


def _table(rows: Sequence[SeriesFinding], title: str, target: Console) -> Table:
    *figures, claim = (one for one in SERIES if one.title != "experiment")
    columns = [*figures, replace(claim, title=title)]
    return findings_table(rows, columns, target, lambda f: COLOURS[f.judgement])
