"""The verdicts as Markdown, to be pasted in an issue or on a slide."""

import re
from collections.abc import Iterable, Iterator, Sequence

from lab.renderers import verdict_table, wording
from lab.renderers.verdict_table import VerdictTable
from lab.verdicts.run import Judged

# What would be markup, a link, a mention or the end of a cell; at its beginning, a
# heading or a list. Within a word an underscore is none.
SPECIAL = re.compile(
    r"([\\`*\[\]<>|~@$&]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|^[#+=-]|(?<=^\d)[.)])",
    re.IGNORECASE,
)


def render(runs: Sequence[Judged]) -> str:
    """The finding, the table of races, their reasons, the table of experiments."""
    return "\n".join(_lines(runs)) + "\n"


def _lines(runs: Sequence[Judged]) -> Iterator[str]:
    yield "## Does C help threads?"
    yield ""
    yield f"The myth: “{wording.MYTH}”"
    for it, label in zip(runs, verdict_table.labels(runs), strict=True):
        yield ""
        yield f"**{_escaped(label)}**"
        yield ""
        yield f"The finding: {_escaped(wording.finding(it))}"
    for title, table in (
        ("Races", verdict_table.races(runs)),
        ("Experiments", verdict_table.series(runs)),
    ):
        if table.rows:
            yield ""
            yield f"### {title}"
            yield ""
            yield from _table(table, [it.name for it in runs])
    for it in runs:
        notes = [text.strip() for text, _ in wording.notes(it)]
        if notes:
            yield ""
            yield from (f"- {_escaped(_named(it, runs, text))}" for text in notes)
    yield ""
    yield "ok: as claimed; !!: contradicts the claim; ??: open. ± is the 95 % interval."


def _named(it: Judged, runs: Sequence[Judged], text: str) -> str:
    return text if len(runs) == 1 else f"{it.name}: {text}"


def _table(table: VerdictTable, runs: Sequence[str]) -> Iterator[str]:
    """runs: their names, for there is no head over several columns."""
    names = [""] * table.own
    for run, (_, columns) in zip(runs, table.groups, strict=False):
        names += [f"{run}: "] * columns
    titles = table.titles
    if table.groups:
        titles = tuple(map("".join, zip(names, table.titles, strict=True)))
    yield _row(map(_escaped, titles))
    yield _row("---" for _ in titles)
    for cells in table.rows:
        yield _row(_escaped(cell.text) for cell in cells)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
