"""Texts that can do nothing."""

import pytest

from lab.records.harmless import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("read", "read"),
        ("wörker 読む", "wörker 読む"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028\u200b\ufeff", "\\u2028\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_no_plain_character_is_shown_as_an_escape(
    text: str, shown: str
) -> None:
    assert harmless(text) == shown
    assert harmless(shown) == shown
