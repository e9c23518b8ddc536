"""Figures held against their claimed range."""

from dataclasses import replace

import pytest

from lab.records.series import Series
from lab.verdicts.finding import Judgement
from lab.verdicts.series import judge_series


@pytest.mark.parametrize(
    ("values", "at_least", "at_most", "judgement"),
    [
        ((1.0, 1.01, 1.02, 1.0, 1.0), None, 1.1, Judgement.AS_PREDICTED),
        ((1.3, 1.4, 1.5, 1.3, 1.3), None, 1.1, Judgement.CONTRADICTED),
        ((1.0, 1.2, 1.0, 1.2, 1.0), None, 1.1, Judgement.INCONCLUSIVE),
        ((5.0, 6.0, 5.5, 5.0, 5.0), 4.0, None, Judgement.AS_PREDICTED),
        ((5.0, 6.0, 5.5, 5.0, 5.0), 7.0, 9.0, Judgement.CONTRADICTED),
        ((0.5,) * 5, 0.5, 0.5, Judgement.AS_PREDICTED),
        ((1.0,) * 4, None, 2.0, Judgement.INCONCLUSIVE),
        ((), None, 2.0, Judgement.INCONCLUSIVE),
        ((1.0, 9.0), None, None, Judgement.NO_CLAIM),
        ((), None, None, Judgement.NO_CLAIM),
    ],
)
def test_series(
    values: tuple[float, ...],
    at_least: float | None,
    at_most: float | None,
    judgement: Judgement,
) -> None:
    series = Series("e", "s", "c", "x", values, at_least, at_most)
    assert judge_series(series).judgement is judgement


def test_an_error_that_the_instrument_states() -> None:
    series = Series("e", "s", "c", "", (0.95,), at_least=0.9, error=0.02)
    assert judge_series(series).judgement is Judgement.AS_PREDICTED
    wide = replace(series, error=0.1)
    assert judge_series(wide).judgement is Judgement.INCONCLUSIVE
    found = judge_series(wide).estimate
    assert found is not None
    assert [found.low, found.high] == pytest.approx([0.85, 1.0])
