"""Records and their plain JSON values; the figures and texts that records can hold.

The types of a record's fields are its format: msgspec reads them strictly (no text for
a number, no truth value for a count, nothing outside the ranges below, so no NaN) and
names the place of what it refuses. It is compiled, also for free-threaded builds, and
a trace of a million segments is read in a second. What no type can say, such as which
of two times comes first, is checked in lab.records.validation.
"""

import re
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

import msgspec
from msgspec import Meta

from lab.records.harmless import Harmless, harmless

# No sum or product of a few figures overflows, and a count fits in 64 bits.
MOST, MOST_COUNT = 1e18, 2**62
Figure = Annotated[float, Meta(ge=-MOST, le=MOST)]
Positive = Annotated[float, Meta(ge=1e-9, le=MOST)]
NotNegative = Annotated[float, Meta(ge=0, le=MOST)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=MOST_COUNT)]
Threads = Annotated[int, Meta(ge=1, le=MOST_COUNT)]
Nanoseconds = Annotated[int, Meta(ge=0, le=MOST_COUNT)]

T = TypeVar("T")
_PLACED = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)


class Record(Harmless):
    """What stands in a result file, told by its kind."""

    __slots__ = ()
    KIND: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.KIND, **encode(self)}

    @classmethod
    def from_json(cls, plain: Any, place: str = "") -> Self:
        """The inverse of to_json; as `decode`."""
        return decode(cls, plain, place)


def encode(record: object) -> dict[str, Any]:
    """A record's fields as JSON has them. TypeError where one cannot be written."""
    return cast("dict[str, Any]", msgspec.to_builtins(record))


def decode(kind: type[T], plain: Any, place: str = "") -> T:
    """The record of this kind in JSON's values; fields that it lacks are passed over.

    place: of the values in their file. ValueError in one line, which begins with the
    place of what is wrong: benchmarks[3].rounds[0].laps[1].
    """
    try:
        return msgspec.convert(plain, kind)
    except (ValueError, RecursionError) as error:
        found = _PLACED.fullmatch(str(error))
        wrong, inside = found.groups() if found else (str(error), "")
        raise wrong_at(f"{place}{inside}".lstrip("."), wrong) from None


def wrong_at(place: str, wrong: str) -> ValueError:
    """What is wrong, and where, in one line."""
    return ValueError(harmless(f"{place}: {wrong}" if place else wrong))
