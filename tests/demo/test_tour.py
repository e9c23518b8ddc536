"""Who is asked what, in what order: the tour with nobody playing."""

import dataclasses
import json
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lab.demo import tour
from lab.demo.acts import Act, Sizes, acts
from lab.demo.outcome import ActFinding, PlayedAct
from lab.demo.terminal import Display
from lab.demo.tour import AGAIN, ENTER, Pace, Tour
from lab.records.race import Race
from lab.verdicts.races import judge

RECORDS = Path(__file__).parents[1] / "data"


class Scripted(Display):
    """A display on which these lines are typed; then the input ends."""

    def __init__(self, *typed: str) -> None:
        self._typed = list(typed)
        self.asked: list[str] = []
        self.shown: list[str] = []

    def still(self, screen: RenderableType) -> None:
        console = Console(width=80, color_system=None)
        with console.capture() as capture:
            console.print(screen)
        self.shown.append(capture.get())

    def ask(self, prompt: str) -> str | None:
        self.asked.append(prompt)
        return self._typed.pop(0) if self._typed else None

    def epilogue(self, screen: RenderableType) -> None:
        """Not looked at."""


def _played(act: Act, *, busy: bool, **changes: object) -> PlayedAct:
    """What the act found: an answer, or nothing for want of rounds."""
    content = json.loads((RECORDS / "held.json").read_text())
    races = [
        Race.from_json(plain)
        for benchmark in content["benchmarks"]
        for plain in benchmark["extra_info"]["gil_lab"]
    ]
    race = next(race for race in races if race.threads == 2)
    if busy:
        race = dataclasses.replace(race, rounds=race.rounds[:1])
    race = dataclasses.replace(race, **changes)  # type: ignore[arg-type]
    outcome = ActFinding(act, (judge(race),), {}, "", (), act.cuts())
    return PlayedAct(act, 1, outcome)


def _toured(
    monkeypatch: pytest.MonkeyPatch,
    display: Scripted,
    *played: PlayedAct,
    pause: bool = True,
) -> Tour:
    """Act 2, played as often as it is wanted: each time the next of the played."""
    left = list(played)
    monkeypatch.setattr(tour.Tour, "_played", lambda *_: left.pop(0))
    it = Tour(display, Pace(pause), Sizes(), 5)
    it.give(acts()[1], 1)
    assert not left
    return it


def test_an_open_act_is_played_again_while_somebody_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    act = acts()[1]
    opened, settled = _played(act, busy=True), _played(act, busy=False)
    display = Scripted("", "y\n", " YES\n", "\n", "\n")
    it = _toured(monkeypatch, display, opened, opened, settled)
    assert display.asked == [ENTER, AGAIN, AGAIN, ENTER, ENTER]
    assert it.played == [settled]  # the class's score knows the last play only
    heads = [text.splitlines()[2].strip() for text in display.shown[1:]]
    assert heads[:3] == ["MEASURED: OPEN"] * 2 + ["MEASURED: 1  the same time"]
    assert sum("lines that did it" in text for text in display.shown) == 1


@pytest.mark.parametrize("typed", ["\n", "n\n"])
def test_an_open_act_is_left_open(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    opened = _played(acts()[1], busy=True)
    display = Scripted("", typed, "\n")
    it = _toured(monkeypatch, display, opened)
    assert display.asked == [ENTER, AGAIN, ENTER]
    assert it.played == [opened]


def test_nobody_is_offered_what_cannot_change(monkeypatch: pytest.MonkeyPatch) -> None:
    one_core = _played(acts()[1], busy=False, cores=1.0)
    display = Scripted("", "\n", "\n")
    _toured(monkeypatch, display, one_core)
    assert display.asked == [ENTER] * 3
    # Nor where nobody is there, from the beginning or since the input ended.
    opened, display = _played(acts()[1], busy=True), Scripted()
    _toured(monkeypatch, display, opened, pause=False)
    assert display.asked == []
    display = Scripted("")
    _toured(monkeypatch, display, opened)
    assert display.asked == [ENTER, AGAIN]
