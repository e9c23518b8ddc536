"""The demo's acts as exercises for a notebook: predict, then let it be measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table

from lab.demo.acts import Sizes, acts
from lab.demo.outcome import ActFinding, PlayedAct, score
from lab.demo.runner import NORMAL, PlayError, act, play
from lab.demo.screens import answer, figures, seen, shown
from lab.demo.symbols import ASCII
from lab.errors import UsageError
from lab.renderers import notebook
from lab.renderers.console import plain
from lab.verdicts.finding import Finding

COLUMNS = 80
EDGES = {True: notebook.GOOD, False: notebook.BAD, None: notebook.PLAIN}
TITLES = ("act", "predicted", "measured", "came true", "why?")
CAME_TRUE = {True: "yes", False: "no", None: "does not count"}
AGAIN = "Close what else runs on this machine, and run the cell again."
SOLUTION = "Solution: the lines of code that did it"


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """An act, what was predicted for it and why, and what was measured."""

    played: PlayedAct
    why: str = ""

    def __repr__(self) -> str:
        why = [f'Your reason: "{self.why}"'] if self.why else []
        return _text([*answer(self.played, ASCII, COLUMNS), *why])

    def _repr_html_(self) -> str:
        played, outcome = self.played, self.played.outcome
        parts = [notebook.headline(self._verdict(), EDGES[played.came_true])]
        if self.why:
            parts += [notebook.paragraph(f"Your reason: “{self.why}”")]
        if outcome is not None:
            parts += [_figures(found) for found in outcome.findings]
            parts += _timelines(outcome)
            parts += [notebook.folded(SOLUTION, _solution(outcome))]
        return notebook.block(parts)

    def _verdict(self) -> str:
        """What was measured, and what became of the prediction."""
        options, predicted = self.played.act.options, self.played.predicted
        if self.played.outcome is None:
            return f"This act cannot be played here: {self.played.why_not}"
        right = self.played.outcome.right
        if right is None:
            told = f"Measured: open, {self.played.outcome.reason}."
            return f"{told} {AGAIN}" if self.played.outcome.may_change else told
        measured = f"Measured: {right}, {options[right - 1]}."
        if predicted is None:
            return f"{measured} You have not predicted."
        if predicted == right:
            return f"{measured} Right, as you predicted."
        return f"{measured} You predicted {predicted}, {options[predicted - 1]}."

    def row(self) -> tuple[str, ...]:
        """The act in the table of all: one text for each of TITLES."""
        it, outcome = self.played, self.played.outcome
        right = outcome.right if outcome is not None else None
        return (
            f"{it.act.number}  {it.act.title}",
            _option(it, it.predicted) or "nothing",
            _option(it, right) or ("open" if outcome is not None else "not played"),
            CAME_TRUE[it.came_true],
            self.why,
        )


class Predictions:
    """All acts of a notebook: what was predicted, and what was measured.

    As the last line of a cell it is a table of those revealed so far.
    """

    def __init__(self, sizes: Sizes = NORMAL) -> None:
        self._sizes = sizes
        self._revealed: dict[int, Revealed] = {}

    def reveal(self, number: int, prediction: int | None, why: str = "") -> Revealed:
        """Play act `number` and keep what came of it, in place of an earlier play."""
        revealed = reveal(number, prediction, why, self._sizes)
        self._revealed[number] = revealed
        return revealed

    def __repr__(self) -> str:
        table = Table(box=None, pad_edge=False)
        for title in TITLES:
            table.add_column(title)
        for row in self._rows():
            table.add_row(*row)
        return _text([table, self._score()])

    def _repr_html_(self) -> str:
        score = notebook.paragraph(self._score(), strong=True)
        return notebook.block([notebook.table(TITLES, self._rows()), score])

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            self._revealed[it.number].row()
            if it.number in self._revealed
            else (f"{it.number}  {it.title}", "", "not yet", "", "")
            for it in acts()
        ]

    def _score(self) -> str:
        told = score(each.played for each in self._revealed.values())
        return told or "No prediction counts yet."


def reveal(
    number: int, prediction: int | None, why: str = "", sizes: Sizes = NORMAL
) -> Revealed:
    """Play act `number` (1 to 5) and hold the prediction against what is measured.

    prediction: one of the act's options, counted from 1, or None. why: the reason for
    it, in the student's words. UsageError for anything else.
    """
    it = act(number)
    count = len(it.options)
    if prediction is not None and prediction not in range(1, count + 1):
        raise UsageError(
            f"prediction = {prediction!r}: choose one of 1 to {count}, or None"
        )
    if not isinstance(why, str):
        raise UsageError(f'why = {why!r}: write a sentence in quotes, or ""')
    try:
        played = PlayedAct(it, prediction, play(number, sizes))
    except PlayError as error:
        played = PlayedAct(it, prediction, None, str(error))
    return Revealed(played, " ".join(why.split()))


def _option(played: PlayedAct, number: int | None) -> str:
    return "" if number is None else f"{number}, {played.act.options[number - 1]}"


def _text(parts: Sequence[RenderableType]) -> str:
    """For a front end without HTML: plain ASCII, at most 80 columns."""
    return plain(Group(*(each for part in parts for each in (part, ""))), COLUMNS)


def _figures(finding: Finding) -> str:
    return notebook.paragraph("; ".join(line.strip() for line in figures(finding, "±")))


def _solution(outcome: ActFinding) -> list[str]:
    """The code, the way down from it, and what to take home."""
    told = outcome.lesson
    return [
        *(notebook.listing(cut.file, cut.lines) for cut in outcome.cuts),
        *_descent(outcome),
        *([notebook.paragraph(told, strong=True)] if told else []),
    ]


def _descent(outcome: ActFinding) -> list[str]:
    """The way down into CPython, and what was seen of it."""
    if not outcome.act.descent:
        return []
    steps = (
        f"{'  ' * depth}{function}  {place}"
        for depth, (function, place) in enumerate(outcome.act.descent)
    )
    return [
        notebook.paragraph("From there down, in CPython's own source:"),
        notebook.pre(*steps),
        notebook.paragraph(" ".join(seen(outcome))),
    ]


def _timelines(outcome: ActFinding) -> list[str]:
    if outcome.no_scope:
        return [notebook.paragraph(f"No timeline: {outcome.no_scope}")]
    parts = []
    for title, racers in shown(outcome):
        parts += [notebook.paragraph(title), notebook.timeline(racers, title)]
    return parts
