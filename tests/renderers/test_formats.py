"""A row a format."""

from pathlib import Path

import pytest

from lab.renderers.formats import FORMATS, Format, by_name, for_file


def test_names_and_suffixes_are_told_apart() -> None:
    assert len({row.name for row in FORMATS}) == len(FORMATS)
    assert len({row.suffix for row in FORMATS}) == len(FORMATS)


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_each_is_found_by_either(row: Format) -> None:
    assert by_name(row.name) is row
    found = for_file(Path(f"a.report{row.suffix.upper()}"))
    assert found is row


def test_what_is_none_is_none() -> None:
    assert for_file(Path("report")) is None
    assert for_file(Path("report.pdf")) is None
    with pytest.raises(KeyError):
        by_name("pdf")


def test_all_that_need_no_extra_can_be_loaded() -> None:
    for row in FORMATS:
        if not row.extra:
            assert row.load()([]).strip() or row.name in ("terminal", "csv")
