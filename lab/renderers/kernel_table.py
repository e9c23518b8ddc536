"""A row a kernel: its twins side by side, each with its speedup as a bar."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.renderers import wording
from lab.renderers.console import fitting, table, wide
from lab.renderers.palette import COLOURS, colour
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.run import worst

# Which column a twin stands in. Others, such as NumPy's or a part released, have a
# row of their own, and stand in the last.
PLACES = {"held": 0, "0% free": 0, "released": 1, "100% free": 1, "interpreter": 2}
OTHERS = 2
TITLES = ("held", "released", "interpreter")
BAR = 4
EIGHTHS = " ▏▎▍▌▋▊▉"


# What is left out, the first first, until the rest fits; else rows are folded.
SPARE = VIA, CEILING, BARS = "call by", "ceil", "bars"
LEGEND = (
    "N: threads. x: speedup{bar}. interpreter: bytecode, or the twin named. free: % of "
    "a call with the GIL free{ceiling}. ok: as claimed, !!: not, ??: open."
)


def print_kernels(kernels: Mapping[str, Sequence[Finding]], target: Console) -> None:
    """Print the table and its legend, in as many columns as the target has."""
    drawn, left_out = fitting(
        lambda left_out: _table(kernels, left_out, target), SPARE, target, target.width
    )
    target.print(drawn)
    legend = LEGEND.format(
        bar="" if BARS in left_out else ", a bar of the most N can gain",
        ceiling="" if CEILING in left_out else "; ceil: 1/(1-free), -: none",
    )
    if left_out:
        legend += f" No room for: {', '.join(left_out)}."
    target.print(Text(legend, style="dim"))


def _table(
    kernels: Mapping[str, Sequence[Finding]], left_out: Sequence[str], target: Console
) -> Table:
    drawn = table("\nkernel")
    if VIA not in left_out:
        drawn.add_column("\ncall by", overflow="fold")
    drawn.add_column("\nN", justify="right", overflow="fold")
    for title in TITLES:
        drawn.add_column(Text(f"{title}\n{_heading(left_out)}"), overflow="fold")
    drawn.add_column("do threads\nhelp?", overflow="fold")
    for name, findings in kernels.items():
        for row, title in _rows(name, findings):
            race = row[0].race
            cells = [Text("")] * len(TITLES)
            for finding in row:
                place = PLACES.get(finding.race.twin, OTHERS)
                cells[place] = _cell(finding, left_out, wide(target))
            via = [] if VIA in left_out else [Text(race.via)]
            drawn.add_row(
                Text(title), *via, Text(str(race.threads)), *cells, _verdict(row)
            )
    return drawn


def _rows(
    name: str, findings: Sequence[Finding]
) -> Iterator[tuple[list[Finding], str]]:
    """The rows of a kernel, each with what it is called."""
    together = [one for one in findings if one.race.twin in PLACES]
    if together:
        yield together, name
    for one in findings:
        if one.race.twin not in PLACES:
            whole = not together and len(findings) == 1
            yield [one], f"{name} {one.race.twin}" if whole else f"  {one.race.twin}"


def _heading(left_out: Sequence[str]) -> str:
    text = "   x "
    text += ("" if BARS in left_out else " " * BAR) + "free"
    return text + ("" if CEILING in left_out else " ceil")


def _cell(finding: Finding, left_out: Sequence[str], blocks: bool) -> Text:
    speedup = finding.speedup.median if finding.speedup else math.nan
    places = 2 if speedup < 10 else 1
    text = f"{speedup:4.{places}f} "
    if BARS not in left_out:
        text += bar(speedup / finding.limit, BAR, blocks)
    free = wording.free(finding)
    text += f"{f'{float(free) * 100:.0f}' if free else '':>4}"
    if CEILING not in left_out:
        ceiling = wording.ceiling(finding)
        text += f"{'-' if ceiling == 'none' else ceiling:>5}"
    return Text(text, style=colour(finding))


def bar(part: float, width: int, blocks: bool) -> str:
    """A part, 0 to 1, as so many characters, in eighths of one where blocks can be
    shown."""
    part = min(max(part, 0.0), 1.0)
    if not blocks:
        return ("#" * round(part * width)).ljust(width, ".")
    full, rest = divmod(round(part * width * 8), 8)
    text = "█" * full + (EIGHTHS[rest] if rest else "")
    return text.ljust(width, "·")


def _verdict(row: Sequence[Finding]) -> Text:
    """The answer of one row, as a whole."""
    judgement = worst(row)
    text = f"{wording.MARKS[judgement]} {_answer(row, judgement)}"
    return Text(text, style=COLOURS[judgement])


def _answer(row: Sequence[Finding], judgement: Judgement) -> str:
    if judgement is Judgement.CONTRADICTED:
        return "contradicted"
    unsure = [one for one in row if one.judgement is Judgement.INCONCLUSIVE]
    if unsure and len(row) > 1:
        return f"{len(unsure)} of {len(row)} open"
    if unsure:
        return "open"
    gaining = [one for one in row if one.verdict is not Verdict.NO_HELP]
    only_released = all(PLACES.get(one.race.twin) == 1 for one in gaining)
    if judgement is Judgement.AS_PREDICTED and 0 < len(gaining) < len(row):
        parallel = {one.verdict for one in gaining} == {Verdict.PARALLEL}
        if only_released:
            return "in parallel" if parallel else "only released"
    return ", ".join(dict.fromkeys(wording.VERDICTS[one.verdict] for one in row))
