"""Promises, and what was seen of a call, made up."""

import dataclasses

from lab.records.watched import Watched
from lab.verdicts.promises import Kind, Promise

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
