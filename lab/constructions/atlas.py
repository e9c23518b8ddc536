"""The calls of the atlas, made and measured one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from lab.calls.atlas_entries import Entry
from lab.calls.expression import clean_up, prepared_call
from lab.constructions.speedup import free_part
from lab.instruments.probe import probe
from lab.records.probe import Probe


def share(entry: Entry, min_time_s: float) -> float | None:
    """The GIL-free share of one entry's call, without the rest of a probe.

    None where it cannot be told. Raises UsageError where the entry names what this
    interpreter lacks.
    """
    with _ready(entry) as call:
        return free_part(call, min_time_s)


def entry_probe(entry: Entry, min_time_s: float) -> Probe:
    """A probe of one entry's call. Raises as `share` does, and what the call raises."""
    with _ready(entry) as call:
        return probe(call.func, *call.args, min_time=min_time_s, **call.keywords)


@contextmanager
def _ready(entry: Entry) -> Iterator[partial[object]]:
    """The entry's call, which is cleaned up after the block."""
    func, args, kwargs = prepared_call(entry.expression, entry.setup)
    try:
        yield partial(func, *args, **kwargs)
    finally:
        clean_up(kwargs, entry.cleanup)
