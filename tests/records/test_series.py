"""Figures, read as they were written."""

import json

import pytest

from lab.records.series import Series
from tests.printed import found


def test_it_is_read_as_it_was_written() -> None:
    kept = found("whole").run.series
    assert kept
    for series in kept:
        assert Series.from_json(json.loads(json.dumps(series.to_json()))) == series


@pytest.mark.parametrize(
    ("field", "value"),
    [("values", ["many"]), ("dropped", -1), ("error", -0.5), ("gil", 1)],
)
def test_what_is_no_figure_is_refused(field: str, value: object) -> None:
    plain = found("whole").run.series[0].to_json() | {field: value}
    with pytest.raises(ValueError, match=field):
        Series.from_json(plain)
