"""What an act showed, and how many predictions came true."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.demo.acts import Act
from lab.demo.positions import Stand
from lab.demo.source_lines import Cut
from lab.records.machine import TWO_CORES
from lab.records.trace import Trace
from lab.verdicts.races import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found by playing an act.

    findings: one a twin, in the act's order. traces: by twin; empty, for the reason
    no_scope, where there is no scope. stands: where waiting threads were seen, if
    that can be seen. right: the option the verdicts pick, counted from 1; None,
    for the reason given, where they leave it open. gil: whether there was a GIL.
    """

    act: Act
    findings: tuple[Finding, ...]
    traces: Mapping[str, Trace]
    no_scope: str
    stands: tuple[Stand, ...]
    cuts: tuple[Cut, ...]

    @property
    def right(self) -> int | None:
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
        return all(found.race.gil for found in self.findings)


@dataclass(frozen=True, slots=True)
class Turn:
    """An act and what was predicted for it.

    predicted: an option, or None. outcome: None where the act could not be played,
    for the reason why_not.
    """

    act: Act
    predicted: int | None
    outcome: Outcome | None
    why_not: str = ""

    @property
    def came_true(self) -> bool | None:
        """None where nothing was predicted, or the right answer is open."""
        if self.predicted is None or self.outcome is None or self.outcome.right is None:
            return None
        return self.predicted == self.outcome.right


def score(turns: Iterable[Turn]) -> tuple[int, int]:
    """How many predictions came true, of how many that count."""
    counted = [turn.came_true for turn in turns if turn.came_true is not None]
    return sum(counted), len(counted)
