"""A promise that failed, in words."""

import pytest

from lab.records.watched import Hold
from lab.renderers.promises import text
from lab.verdicts.promises import Promise, watched_once
from tests.promised import HELD, LONGEST, RELEASED, seen


@pytest.mark.parametrize("promise", [RELEASED, HELD, LONGEST])
@pytest.mark.parametrize("held_s", [0.0, 0.05, 0.1])
def test_words_fit_a_terminal(promise: Promise, held_s: float) -> None:
    holds = (Hold("MainThread", True, held_s, held_s),)
    finding = watched_once(promise, seen(held_s, 0.1 - held_s, holds=holds))
    for line in text("mylib.parse", finding).splitlines():
        assert len(line) <= 80
        assert line.isascii()
