"""Calls beside their trace, read as they were written."""

import json

import pytest

from lab.records.timeline import Timeline
from tests.printed import found


def test_it_is_read_as_it_was_written() -> None:
    kept = found("whole").run.timelines
    assert kept
    for line in kept:
        assert Timeline.from_json(json.loads(json.dumps(line.to_json()))) == line


def test_a_call_before_the_trace_is_refused() -> None:
    plain = found("whole").run.timelines[0].to_json()
    plain["calls"][0]["enter_s"] = -1.0
    with pytest.raises(ValueError, match="enter_s"):
        Timeline.from_json(plain)
