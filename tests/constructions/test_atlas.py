"""Entries of the atlas, called and cleaned up."""

import pytest

from lab.calls.atlas_entries import Entry
from lab.constructions.atlas import share
from lab.records.machine import gil_enabled

HOLDS = Entry("sum(data)", "data = list(range(20_000))", "held", "a.c f")
SLEEPS = Entry("time.sleep(0.02)", "import time", "released", "b.c g")


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to be free of")
@pytest.mark.parametrize(("entry", "least"), [(HOLDS, 0.0), (SLEEPS, 0.5)])
def test_a_share_is_nearer_to_what_it_is(entry: Entry, least: float) -> None:
    found = share(entry, 0.05)
    assert found is None or least <= found <= least + 0.5
