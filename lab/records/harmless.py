"""Texts that do nothing where they are shown, whoever chose them."""

from dataclasses import fields
from typing import Any, cast


def harmless(text: str) -> str:
    """The text with escapes in place of whatever is no plain character.

    Control characters (C0, C1), line ends, what changes the direction of writing, and
    halves of characters: \\x1b is a backslash, an x and two digits then.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class Harmless:
    """A dataclass whose texts are harmless from the moment it is made.

    Read from a file or measured a moment ago, names come from others, and a dozen
    renderers print them. Here is the one place that each passes, so that none of them
    can forget it; a renderer escapes only what is special in its own format.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in fields(cast("Any", self)):
            value = getattr(self, field.name)
            if type(value) is str:
                object.__setattr__(self, field.name, harmless(value))
