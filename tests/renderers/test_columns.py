"""Columns of findings: as data, and as text."""

import json
from typing import Any

from lab.renderers import columns
from lab.renderers.columns import RACE, SERIES
from tests.printed import found


def test_data_is_plain_and_no_field_is_told_twice() -> None:
    it = found("whole")
    tables: list[tuple[Any, Any]] = [(RACE, it.findings), (SERIES, it.series)]
    for chosen, findings in tables:
        for one in findings:
            fields = [name for column in chosen for name in column.data(one)]
            assert len(set(fields)) == len(fields)
            json.dumps(columns.data(chosen, one), allow_nan=False)


def test_what_is_shown_has_a_title_and_names_come_first() -> None:
    it = found("whole")
    tables: list[tuple[Any, Any]] = [(RACE, it.findings[0]), (SERIES, it.series[0])]
    for chosen, one in tables:
        shown = [column for column in chosen if column.title]
        assert [column.names for column in shown] == sorted(
            (column.names for column in shown), reverse=True
        )
        assert all(column.text(one, "+-") for column in shown if column.names)
    assert [column.judged for column in RACE].count(True) == 1


def test_a_single_value_has_no_interval() -> None:
    it = found("whole")
    for one in it.series:
        data = columns.data(SERIES, one)
        estimate = one.estimate
        if estimate and estimate.values > 1:
            assert data["measured_low"] <= data["measured"] <= data["measured_high"]
        elif estimate and estimate.low == estimate.high:
            assert data["measured_low"] is None
