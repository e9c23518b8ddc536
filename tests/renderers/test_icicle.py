"""The icicle of stacks."""

import dataclasses
import json

import pytest

pytest.importorskip("altair")

from lab.records.trace import Trace
from lab.renderers import icicle


def test_boxes_are_as_wide_as_what_they_held(trace: Trace) -> None:
    spec = json.loads(json.dumps(icicle.chart(trace)))
    rows = next(iter(spec["datasets"].values()))
    boxes = [(one["depth"], one["from_ms"], one["to_ms"], one["short"]) for one in rows]
    assert boxes == [
        (0, 0.0, 1000.0, "wörker"),
        (1, 0.0, 1000.0, "main"),
        (2, 0.0, 1000.0, "Report.total"),
        (0, 1000.0, 1750.0, "MainThread"),
        (1, 1000.0, 1750.0, "main"),
    ]
    assert rows[2]["label"] == (
        "Report.total (/src/wörk/report.py:31): 1 s held, "
        "others wanted it for 500 ms of that"
    )


def test_lines_stand_in_a_table_too(trace: Trace) -> None:
    rows = icicle.table(trace)
    assert rows[0][:2] == ("Report.total (/src/wörk/report.py:31)", "50.0%")
    assert all(len(row) == len(icicle.TITLES) for row in rows)


def test_nothing_held_is_an_empty_frame(trace: Trace) -> None:
    assert icicle.chart(dataclasses.replace(trace, lines=(), stacks=()))
