"""The characters a screen is drawn with."""

import pytest

from lab.demo.symbols import ASCII, BLOCKS, STYLES, Activity, Symbols


@pytest.mark.parametrize("symbols", [BLOCKS, ASCII], ids=["blocks", "ascii"])
def test_each_activity_has_a_character_of_its_own(symbols: Symbols) -> None:
    assert set(symbols.activities) == set(Activity) == set(STYLES)
    assert len(set(symbols.activities.values())) == len(Activity)
    assert all(len(each) == 1 for each in symbols.activities.values())
    assert len(symbols.full) == len(symbols.empty) == 1
    assert symbols.full != symbols.empty


def test_one_of_them_is_ascii() -> None:
    drawn = [
        "".join([*each.activities.values(), each.full, each.empty, each.plus_minus])
        for each in (ASCII, BLOCKS)
    ]
    assert [text.isascii() for text in drawn] == [True, False]
