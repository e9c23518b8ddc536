"""The calls of the atlas."""

from lab.calls.atlas_entries import ENTRIES


def test_there_are_enough_entries_of_each_kind() -> None:
    assert len({entry.expression for entry in ENTRIES}) == len(ENTRIES) >= 30
    assert sum(entry.short for entry in ENTRIES) == 12
    for claimed in ("held", "released"):
        short = [entry.short for entry in ENTRIES if entry.claimed == claimed]
        assert len(short) >= 10
        assert 4 <= sum(short) <= 8
    assert all(entry.source for entry in ENTRIES)
