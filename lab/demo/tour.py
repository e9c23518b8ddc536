"""The tour: for each act a question, the play, the answer; at the end the score."""

from dataclasses import dataclass

from rich.console import RenderableType

from lab.demo import live_screen, screens
from lab.demo.acts import Act, Sizes
from lab.demo.outcome import PlayedAct
from lab.demo.runner import Performance, PlayError
from lab.demo.terminal import Display

MEASURING = "Now measured, with nothing drawn meanwhile ..."
ENTER = "[Enter] "
AGAIN = "Play it again? y, then [Enter]; [Enter] alone goes on: "


@dataclass(frozen=True, slots=True)
class Pace:
    """How a tour goes on from screen to screen."""

    pause: bool
    """Whether somebody answers, and presses Enter after each screen."""
    question_s: float = 4.0
    """How long a question stays where nobody answers but somebody may be looking."""
    answer_s: float = 7.0
    """How long an answer stays there."""


class Tour:
    """Plays acts on a display, and collects in `played` what came of them."""

    def __init__(self, display: Display, pace: Pace, sizes: Sizes, count: int) -> None:
        self._display, self._pace, self._sizes = display, pace, sizes
        self._count = count
        self._listening = pace.pause
        self.played: list[PlayedAct] = []

    def give(self, act: Act, seed: int | None) -> None:
        """One act, and again while it is open and somebody wants it. seed: a
        prediction made beforehand."""
        predicted = self._predicted(act, seed)
        display = self._display
        while True:
            played = self._played(act, predicted)
            measured, *rest = screens.answer(played, display.symbols, display.width)
            display.still(measured)
            if not self._again(played):
                break
        self.played.append(played)
        for screen in rest:
            display.still(screen)
            self._rest(self._pace.answer_s)

    def _again(self, played: PlayedAct) -> bool:
        """Leave the answer for a while; whether the act is to be played once more."""
        offered = played.outcome is not None and played.outcome.may_change
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

    def _played(self, act: Act, predicted: int | None) -> PlayedAct:
        display = self._display
        display.frame(self._live(act, None, "It begins ..."))
        try:
            with Performance(act, self._sizes) as performance:
                for phase in performance.follow():
                    if phase == "scene":
                        display.frame(self._live(act, performance, ""))
                    else:
                        note = MEASURING
                        if performance.race_at_most_s is not None:
                            note += f" (up to {performance.race_at_most_s:.0f} s)"
                        display.still(self._live(act, performance, note))
                return PlayedAct(act, predicted, performance.outcome())
        except PlayError as error:
            return PlayedAct(act, predicted, None, str(error))

    def _live(
        self, act: Act, performance: Performance | None, note: str
    ) -> RenderableType:
        views = performance.views if performance is not None else ()
        display = self._display
        return live_screen.live(act, views, display.symbols, display.width, note)

    def _rest(self, seconds: float) -> None:
        if not self._listening:
            self._display.rest(seconds)
        elif self._display.ask(ENTER) is None:
            self._listening = False
