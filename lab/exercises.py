"""The demo's acts as exercises for a notebook: predict, then let it be measured."""

import io
from dataclasses import dataclass

from rich.console import Console

from lab.demo.marks import ASCII
from lab.demo.outcome import Outcome, Turn
from lab.demo.play import NORMAL, PlayError, act, play
from lab.demo.screens import NO_GIL, answer, figures, seen, shown
from lab.demo.sizes import Sizes
from lab.errors import UsageError
from lab.renderers import notebook
from lab.verdicts import Finding

COLUMNS = 80
EDGES = {True: notebook.EDGES["released"], False: notebook.EDGES["held"], None: ""}


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """An act, what was predicted for it, and what was measured."""

    turn: Turn

    def __repr__(self) -> str:
        console = Console(
            file=io.StringIO(),
            width=COLUMNS,
            color_system=None,
            force_jupyter=False,
            highlight=False,
        )
        console.print(*answer(self.turn, ASCII, COLUMNS), sep="\n\n")
        assert isinstance(console.file, io.StringIO)
        lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
        return "\n".join(lines).strip("\n").encode("ascii", "replace").decode()

    def _repr_html_(self) -> str:
        outcome = self.turn.outcome
        edge = EDGES[self.turn.came_true] or notebook.PLAIN
        parts = [notebook.headline(self._verdict(), edge)]
        if outcome is not None:
            parts += [_figures(found) for found in outcome.findings]
            parts += [notebook.listing(cut.file, cut.lines) for cut in outcome.cuts]
            parts += _descent(outcome)
            parts += _timelines(outcome)
            lesson = self.turn.act.lessons.get(outcome.right or 0, "")
            told = lesson if outcome.gil else NO_GIL
            parts += [notebook.paragraph(told, strong=True)]
        return notebook.block(parts)

    def _verdict(self) -> str:
        """What was measured, and what became of the prediction."""
        options, predicted = self.turn.act.options, self.turn.predicted
        if self.turn.outcome is None:
            return f"This act cannot be played here: {self.turn.why_not}"
        right = self.turn.outcome.right
        if right is None:
            return f"Measured: open, {self.turn.outcome.reason}"
        measured = f"Measured: {right}, {options[right - 1]}."
        if predicted is None:
            return f"{measured} You have not predicted."
        if predicted == right:
            return f"{measured} Right, as you predicted."
        return f"{measured} You predicted {predicted}, {options[predicted - 1]}."


def reveal(number: int, prediction: int | None, sizes: Sizes = NORMAL) -> Revealed:
    """Play act `number` (1 to 5) and hold the prediction against what is measured.

    prediction: one of the act's options, counted from 1, or None. UsageError for
    anything else.
    """
    it = act(number)
    count = len(it.options)
    if prediction is not None and prediction not in range(1, count + 1):
        raise UsageError(
            f"prediction = {prediction!r}: choose one of 1 to {count}, or None"
        )
    try:
        return Revealed(Turn(it, prediction, play(number, sizes)))
    except PlayError as error:
        return Revealed(Turn(it, prediction, None, str(error)))


def _figures(finding: Finding) -> str:
    return notebook.paragraph("; ".join(line.strip() for line in figures(finding, "±")))


def _descent(outcome: Outcome) -> list[str]:
    """The way down into CPython, and what was seen of it."""
    if not outcome.act.descent:
        return []
    steps = "\n".join(
        f"{'  ' * depth}{function}  {place}"
        for depth, (function, place) in enumerate(outcome.act.descent)
    )
    return [
        notebook.paragraph("From there down, in CPython's own source:"),
        notebook.pre(steps),
        notebook.paragraph(" ".join(seen(outcome))),
    ]


def _timelines(outcome: Outcome) -> list[str]:
    if outcome.no_scope:
        return [notebook.paragraph(f"No timeline: {outcome.no_scope}")]
    parts = []
    for title, racers in shown(outcome, "±"):
        parts += [notebook.paragraph(title), notebook.timeline(racers, title)]
    return parts
