"""What no measurement yields is refused, by its place."""

import json
import math
from dataclasses import asdict
from typing import Any

import pytest

from lab.records.machine import Machine
from lab.records.race import Bound, Claim, Lap, Race, Round, Share
from lab.records.results import (
    FORMAT,
    KEY,
    ForeignFileError,
    parse,
)
from lab.records.series import Series
from lab.records.timeline import Span, Timeline
from lab.records.trace import Segment, ThreadTrace, Trace

RACE = Race(
    kernel="k",
    twin="held",
    via="Cython",
    bound=Bound.COMPUTE,
    claim=Claim.NO_HELP,
    threads=2,
    cores=2.0,
    gil=True,
    delay_s=None,
    dropped=1,
    rounds=(Round(Lap(0, 10, 9, None), (Lap(10, 20, 9, 0), Lap(11, 30, 9, 1))),),
    shares=(Share(0.25, 0.01),),
    source="Python/ceval_gil.c take_gil",
)
SERIES = Series(
    *("e", "s", "claimed", "x", (1.0, 2.0)),
    at_most=3.0,
    source="a.c f",
    figure="gain",
    at=1e-6,
)
TIMELINE = Timeline(
    "k",
    "held",
    (Span("racer-0", 0.001, 0.009),),
    Trace(
        python="3.13.0",
        duration_s=0.01,
        interval_s=2e-5,
        samples=400,
        lost=0,
        gil_free=0.25,
        error=0.01,
        held=0.75,
        runs_free=0.25,
        idle=0.0,
        threads=(ThreadTrace("racer-0", 7, 0.0, 0.01, 0.75, 0.25, 0.0, 0.01, 0.0075),),
        folded=0,
        segments=(
            Segment(0, "holds", 0.0, 0.0075),
            Segment(0, "runs_free", 0.0075, 0.01),
        ),
        segments_start_s=0.0,
    ),
)


def _content(**changes: Any) -> dict[str, Any]:
    lab = {"format": FORMAT, "machine": asdict(Machine.here())}
    record = {**RACE.to_json(), **changes}
    records = [record, SERIES.to_json(), TIMELINE.to_json()]
    return {KEY: lab, "benchmarks": [{"extra_info": {KEY: records}}]}


RECORD = "benchmarks[0].extra_info.gil_lab"
FOUR = [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("number", "changes", "place"),
    [
        (0, {"threads": 10**400}, "threads"),
        (0, {"threads": 0}, "threads"),
        (0, {"threads": True}, "threads"),
        (0, {"cores": -2}, "cores"),
        (0, {"cores": 1e308}, "cores"),
        (0, {"cores": math.nan}, "cores"),
        (0, {"cores": math.inf}, "cores"),
        (0, {"gil": 1}, "gil"),
        (0, {"rounds": "round"}, "rounds"),
        (0, {"delay_s": None, "bound": "blocking"}, "delay_s"),
        (0, {"shares": [{"gil_free": 1.5, "error": 0}]}, "shares[0].gil_free"),
        (0, {"shares": [{"gil_free": 0.5, "error": -1}]}, "shares[0].error"),
        (0, {"rounds": [{"reference": FOUR, "laps": [FOUR]}]}, "rounds[0].laps"),
        (
            0,
            {"rounds": [{"reference": FOUR, "laps": [FOUR, [2, 1, 1, 0]]}]},
            "rounds[0].laps[1]",
        ),
        (
            0,
            {"rounds": [{"reference": FOUR, "laps": [FOUR, [0, 1, -1, 0]]}]},
            "rounds[0].laps[1][2]",
        ),
        (0, {"rounds": [{"reference": [3, 2, 1, 0], "laps": []}]}, "rounds[0].laps"),
        (1, {"values": [1, math.nan]}, "values[1]"),
        (1, {"values": [1, 1e300]}, "values[1]"),
        (1, {"at_least": 2, "at_most": 1}, "at_least"),
        (1, {"processes": [0]}, "processes"),
        (1, {"error": -0.1}, "error"),
        (2, {"calls": [{"thread": "a", "enter_s": 2, "leave_s": 1}]}, "calls[0]"),
        (2, {"trace": {}}, "trace"),
        (2, {"kind": "something"}, "kind"),
    ],
)
def test_what_is_impossible_is_named_by_its_place(
    number: int, changes: dict[str, Any], place: str
) -> None:
    content = _content()
    content["benchmarks"][0]["extra_info"][KEY][number] |= changes
    with pytest.raises(ForeignFileError) as caught:
        parse(json.loads(json.dumps(content)), "run.json")
    begins = f"run.json: damaged: {RECORD}[{number}].{place}: "
    assert str(caught.value).startswith(begins)
    assert str(caught.value).isprintable()
