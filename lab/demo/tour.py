"""The tour: for each act a question, the play, the answer; at the end the score."""

from dataclasses import dataclass

from rich.console import RenderableType

from lab.demo import live_screen, screens
from lab.demo.acts import Act
from lab.demo.durations import Sizes
from lab.demo.outcome import Turn
from lab.demo.runner import Performance, PlayError
from lab.demo.terminal import Display

MEASURING = "Now measured, with nothing drawn meanwhile ..."
ENTER = "[Enter] "
AGAIN = "Play it again? y, then [Enter]; [Enter] alone goes on: "


@dataclass(frozen=True, slots=True)
class Pace:
    """pause: whether somebody answers, and presses Enter after each screen; else
    question_s, answer_s: how long each stays, where somebody may be looking."""

    pause: bool
    question_s: float = 4.0
    answer_s: float = 7.0


class Tour:
    """Plays acts on a display; what was predicted and what came out are its turns."""

    def __init__(self, display: Display, pace: Pace, sizes: Sizes, count: int) -> None:
        self._display, self._pace, self._sizes = display, pace, sizes
        self._count = count
        self._listening = pace.pause
        self.turns: list[Turn] = []

    def give(self, act: Act, seed: int | None) -> None:
        """One act, and again while it is open and somebody wants it. seed: a
        prediction made beforehand."""
        predicted = self._predicted(act, seed)
        display = self._display
        while True:
            turn = self._played(act, predicted)
            measured, *rest = screens.answer(turn, display.marks, display.width)
            display.still(measured)
            if not self._again(turn):
                break
        self.turns.append(turn)
        for screen in rest:
            display.still(screen)
            self._rest(self._pace.answer_s)

    def _again(self, turn: Turn) -> bool:
        """Leave the answer for a while; whether the act is to be played once more."""
        offered = turn.outcome is not None and turn.outcome.may_change
        if not (offered and self._listening):
            self._rest(self._pace.answer_s)
            return False
        line = self._display.ask(AGAIN)
        self._listening = line is not None
        return line is not None and line.strip().lower() in ("y", "yes")

    def _predicted(self, act: Act, seed: int | None) -> int | None:
        self._display.still(screens.question(act, self._count, seed))
        if seed is not None or not self._listening:
            self._rest(self._pace.question_s)
            return seed
        choices = ", ".join(str(number + 1) for number in range(len(act.options)))
        prompt = f"Your prediction ({choices}), then Enter: "
        while True:
            line = self._display.ask(prompt)
            if line is None:
                self._listening = False  # nobody is there: play on
                return None
            if line.strip() in choices.split(", "):
                return int(line)
            prompt = f"Please one of {choices}, then Enter: "

    def _played(self, act: Act, predicted: int | None) -> Turn:
        display = self._display
        display.frame(self._live(act, None, "It begins ..."))
        try:
            with Performance(act, self._sizes) as performance:
                for stage in performance.follow():
                    if stage == "scene":
                        display.frame(self._live(act, performance, ""))
                    else:
                        note = MEASURING
                        if performance.race_at_most_s is not None:
                            note += f" (up to {performance.race_at_most_s:.0f} s)"
                        display.still(self._live(act, performance, note))
                return Turn(act, predicted, performance.outcome())
        except PlayError as error:
            return Turn(act, predicted, None, str(error))

    def _live(
        self, act: Act, performance: Performance | None, note: str
    ) -> RenderableType:
        views = performance.views if performance is not None else ()
        display = self._display
        return live_screen.live(act, views, display.marks, display.width, note)

    def _rest(self, seconds: float) -> None:
        if not self._listening:
            self._display.rest(seconds)
        elif self._display.ask(ENTER) is None:
            self._listening = False
