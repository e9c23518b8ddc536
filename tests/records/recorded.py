"""The file of a small run, for tests of what is read of one."""

from dataclasses import asdict
from typing import Any

from lab.records.machine import Machine
from lab.records.race import Bound, Claim, Lap, Race, Round, Share
from lab.records.results import FORMAT, KEY
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


def run_file(**changes: Any) -> dict[str, Any]:
    lab = {"format": FORMAT, "machine": asdict(Machine.here())}
    record = {**RACE.to_json(), **changes}
    records = [record, SERIES.to_json(), TIMELINE.to_json()]
    return {KEY: lab, "benchmarks": [{"extra_info": {KEY: records}}]}
