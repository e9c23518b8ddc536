"""Figures within their ranges, errors with their place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from lab.records.codec import Count, Figure, Fraction, decode
from lab.records.harmless import Harmless
from lab.records.run import Run


def test_no_record_holds_a_text_as_it_came() -> None:
    kinds = set(_dataclasses(Run))
    assert len(kinds) > 5
    for kind in kinds:
        texts = [str in _parts(hint) for hint in get_type_hints(kind).values()]
        assert issubclass(kind, Harmless) or not any(texts), kind


def _dataclasses(kind: Any) -> Iterator[type[Any]]:
    """Those in a record's fields, and so on."""
    if is_dataclass(kind) and isinstance(kind, type):
        yield kind
        hints = get_type_hints(kind)
        for field in fields(kind):
            for part in _parts(hints[field.name]):
                yield from _dataclasses(part)


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _parts(part)


@dataclass
class Inner:
    part: Fraction = 0.5
    word: str = ""


@dataclass
class Outer:
    count: Count = 0
    figures: tuple[Figure, ...] = ()
    inner: tuple[Inner, ...] = ()


def test_what_is_right_is_read_and_more_is_passed_over() -> None:
    found = decode(Outer, {"figures": [1, -2.5], "inner": [{"part": 1}], "more": 7})
    assert found == Outer(figures=(1.0, -2.5), inner=(Inner(1.0),))


@pytest.mark.parametrize(
    ("plain", "place"),
    [
        ([], "file"),
        ({"count": -1}, "file.count"),
        ({"count": True}, "file.count"),
        ({"count": 1.0}, "file.count"),
        ({"count": "1"}, "file.count"),
        ({"count": 10**400}, "file.count"),
        ({"figures": "12"}, "file.figures"),
        ({"figures": [1, float("nan")]}, "file.figures[1]"),
        ({"figures": [1e300]}, "file.figures[0]"),
        ({"inner": [{}, {"part": 1.01}]}, "file.inner[1].part"),
        ({"inner": [{"word": None}]}, "file.inner[0].word"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(plain: Any, place: str) -> None:
    with pytest.raises(ValueError, match=r"^file") as caught:
        decode(Outer, plain, "file")
    told, _, wrong = str(caught.value).partition(": ")
    assert told == place
    assert wrong.isprintable()
