"""What an act showed, and how many predictions came true."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.demo.acts import Act
from lab.demo.positions import Position
from lab.demo.source_lines import Cut
from lab.records.machine import TWO_CORES
from lab.records.trace import Trace
from lab.verdicts.finding import Finding, Verdict

NO_GIL = "There is no GIL in this interpreter: nothing to hold, nothing to release."


@dataclass(frozen=True, slots=True)
class ActFinding:
    """What was found by playing an act."""

    act: Act
    findings: tuple[Finding, ...]
    """One for each twin, in the act's order."""
    traces: Mapping[str, Trace]
    """By twin; empty where there is no scope."""
    no_scope: str
    """Why there is no scope; empty where there is one."""
    positions: tuple[Position, ...]
    """Where waiting threads were seen; empty where that cannot be seen."""
    cuts: tuple[Cut, ...]
    """The lines of code that made the difference."""

    @property
    def right(self) -> int | None:
        """The option that the verdicts pick, counted from 1; None if they pick none."""
        return self.act.answers.get(tuple(found.verdict for found in self.findings))

    @property
    def reason(self) -> str:
        """Why there is no right answer; empty where there is one."""
        if self.right is not None:
            return ""
        open_ones = [f for f in self.findings if f.verdict is Verdict.INCONCLUSIVE]
        doubtful = open_ones or list(self.findings)
        # Which of the twins it is needs no telling where there is one.
        several = len(self.findings) > 1
        twins = [f"{found.race.twin}: " if several else "" for found in doubtful]
        whys = [found.reason or str(found.verdict) for found in doubtful]
        return "; ".join(map(str.__add__, twins, whys))

    @property
    def may_change(self) -> bool:
        """Whether another play could settle what is open: not without the cores."""
        return self.right is None and all(
            found.limit >= TWO_CORES for found in self.findings
        )

    @property
    def gil(self) -> bool:
        """Whether there was a GIL."""
        return all(found.race.gil for found in self.findings)

    @property
    def lesson(self) -> str:
        """What to take home; empty where the verdicts pick no option."""
        return self.act.lessons.get(self.right or 0, "") if self.gil else NO_GIL


@dataclass(frozen=True, slots=True)
class PlayedAct:
    """An act, what was predicted for it, and what was found."""

    act: Act
    predicted: int | None
    """An option, counted from 1; None if nothing was predicted."""
    outcome: ActFinding | None
    """None where the act could not be played."""
    why_not: str = ""
    """Why it could not be played."""

    @property
    def came_true(self) -> bool | None:
        """None where nothing was predicted, or the right answer is open."""
        if self.predicted is None or self.outcome is None or self.outcome.right is None:
            return None
        return self.predicted == self.outcome.right


def score(all_played: Iterable[PlayedAct]) -> str:
    """How many predictions came true, of how many that count; empty where none do."""
    told = [each.came_true for each in all_played if each.came_true is not None]
    predictions = "prediction" if len(told) == 1 else "predictions"
    return f"{sum(told)} of {len(told)} {predictions} came true." if told else ""
