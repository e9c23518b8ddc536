"""What a run shows at one look: two screens, and the answer at their end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from lab.renderers import wording
from lab.renderers.benchmark_table import table
from lab.renderers.console import plus_minus, wide
from lab.renderers.experiment_table import print_experiments
from lab.renderers.kernel_table import print_kernels
from lab.renderers.palette import COLOURS
from lab.verdicts.finding import Finding, Judgement
from lab.verdicts.run import Judged, experiments, kernels, open_races

NEXT = "Next: make report draws it as a page, make demo plays it to a class."
# What to do about the reason that races are open for; others need no more than words.
ADVICE = {"machine busy": "close other programs and run {}"}
AGAIN = "make bench ARGS='-k {}'"
# A name that a shell takes as it is: the advice is there to be copied.
WORD = re.compile(r"[\w.%+ -]+")
# More kernels than this are named by what bounds them, a mark of their tests.
FEW = 3


def print_one_look(
    it: Judged,
    target: Console,
    timings: Mapping[str, Any] | None = None,
    again: str = AGAIN,
) -> None:
    """Print the tables and what needs a reason.

    timings: the run's file as JSON, for pytest-benchmark's table of it. again: what to
    run again where the machine was busy; {} stands for what was open.
    """
    text = table(timings, target.width) if timings is not None else ""
    if text:
        target.print()
        target.print(Text(text.rstrip("\n")), no_wrap=True, crop=False)
    raced = kernels(it)
    if raced:
        target.print()
        print_kernels(raced, target)
    others = experiments(it)
    if others:
        target.print()
        print_experiments(others, target)
    notes = list(_notes(it, plus_minus(target), again))
    if notes:
        target.print()
        for text, judgement in notes:
            target.print(Text(text, style=COLOURS[judgement]))


def print_finding(it: Judged, target: Console) -> None:
    """Print the myth and the finding, set off from what is above, and what is next."""
    line = "─" if wide(target) else "-"
    target.print(Rule(characters=line, style=""))
    target.print(Text(f'The myth:    "{wording.MYTH}"', style="bold"))
    target.print(Text(f"The finding: {wording.finding(it)}", style="bold"))
    target.print(NEXT)


def _notes(it: Judged, sign: str, again: str) -> Iterator[tuple[str, Judgement]]:
    """What is contradicted, one by one, then what is open, a line a reason."""
    wrong, still_open = Judgement.CONTRADICTED, Judgement.INCONCLUSIVE
    yield from ((wording.failure(one), still_open) for one in it.run.failures)
    yield from (note for note in wording.notes(it) if note[1] is wrong)
    for found in it.series:
        if found.judgement is wrong:
            text = f"!! {found.series.experiment}, {found.series.subject}: "
            text += f"{wording.measured(found, sign)}, claimed: {found.series.claim}"
            yield text, wrong
    for reason, races in open_races(it.findings).items():
        yield _open(reason, races, again), Judgement.INCONCLUSIVE


def _open(reason: str, races: Sequence[Finding], again: str) -> str:
    names = list(dict.fromkeys(one.race.kernel for one in races))
    counted = wording.name(races[0]) if len(races) == 1 else f"{len(races)} races"
    if len(races) > 1 and len(names) <= FEW:
        counted += f" of {', '.join(names)}"
    if reason not in ADVICE:
        return f"?? {counted} open: {reason}"
    if len(names) > FEW or not all(map(WORD.fullmatch, names)):
        names = list(dict.fromkeys(str(one.race.bound) for one in races))
    chosen = names[0] if len(names) == 1 else f'"{" or ".join(names)}"'
    return f"?? {reason}, {counted} open: {ADVICE[reason].format(again.format(chosen))}"
