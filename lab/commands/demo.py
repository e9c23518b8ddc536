"""python -m lab demo: which acts, with whose predictions, on what; the exit code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.errors import UsageError
from lab.system.signals import terminable

if TYPE_CHECKING:
    from lab.demo.acts import Act, Sizes
    from lab.demo.tour import Pace


def run(
    number: int | None,
    predictions: str | None,
    *,
    no_pause: bool,
    sizes: "Sizes | None" = None,
    pace: "Pace | None" = None,
) -> int:
    """Give the tour, or act `number` alone; 0. Terminated after SIGTERM.

    predictions: answers such as 2,1; no_pause: nobody is asked, nor waited for; the
    same where input or output is no terminal. sizes, pace: as usual unless given.
    Raises UsageError.
    """
    with terminable():  # a signal may come as early as during the imports
        from lab.demo.acts import acts
        from lab.demo.runner import NORMAL, act
        from lab.demo.screens import final
        from lab.demo.terminal import Paper, Projector, answerable, projectable
        from lab.demo.tour import Pace, Tour

        every = acts()
        chosen = every if number is None else (act(number),)
        seeds = _predictions(predictions, chosen)
        # A question that nobody may see, or cannot answer, is not asked.
        pace = pace or Pace(pause=not no_pause and answerable() and projectable())
        with Projector() if projectable() else Paper() as display:
            tour = Tour(display, pace, sizes or NORMAL, count=len(every))
            for each, seed in zip(chosen, seeds, strict=True):
                tour.give(each, seed)
        # On the screen that stays.
        display.epilogue(final(tour.played))
        return 0


def _predictions(seeds: str | None, chosen: "Sequence[Act]") -> list[int | None]:
    """One for each act; UsageError for anything else."""
    if seeds is None:
        return [None] * len(chosen)
    words = seeds.split(",")
    if len(words) != len(chosen):
        raise UsageError(
            f"--seed-answers {seeds}: expected one for each act played, "
            f"{len(chosen)}, got {len(words)}"
        )
    for word, act in zip(words, chosen, strict=True):
        if word.strip() not in map(str, range(1, len(act.options) + 1)):
            raise UsageError(
                f"--seed-answers {seeds}: act {act.number} has options 1 to "
                f"{len(act.options)}, not {word!r}"
            )
    return [int(word) for word in words]
