"""A promise that failed, in words."""

import dataclasses

import pytest

from lab.records.watched import Hold, Watched
from lab.renderers.promises import text
from lab.verdicts.promises import Kind, Promise, watched_once

RELEASED = Promise(Kind.RELEASED, 0.9)
HELD = Promise(Kind.HELD, 0.1)
LONGEST = Promise(Kind.LONGEST_HOLD, 0.01)


def seen(held_s: float, free_s: float, **changes: object) -> Watched:
    plain = Watched(
        wall_s=held_s + free_s,
        starved_s=0.0,
        held_s=held_s,
        free_s=free_s,
        unknown_s=0.0,
        error_s=0.001,
        samples=1000,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("promise", [RELEASED, HELD, LONGEST])
@pytest.mark.parametrize("held_s", [0.0, 0.05, 0.1])
def test_words_fit_a_terminal(promise: Promise, held_s: float) -> None:
    holds = (Hold("MainThread", True, held_s, held_s),)
    finding = watched_once(promise, seen(held_s, 0.1 - held_s, holds=holds))
    for line in text("mylib.parse", finding).splitlines():
        assert len(line) <= 80
        assert line.isascii()
