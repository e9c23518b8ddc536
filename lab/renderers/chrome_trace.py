"""A trace as Chrome trace JSON, which Perfetto and chrome://tracing open.

The format: one object with a list of events; complete events ("X") have a start and
a length in microseconds, metadata events ("M") name the rows.
"""

import json
from typing import Any

from lab.records.source_names import place
from lab.records.trace import STATE_NAMES, Trace

GIL_ROW = 0
# The viewers' own names of colours.
COLOURS = {
    "holds": "terrible",
    "runs_free": "good",
    "wants": "bad",
    "ready": "olive",
    "blocked": "grey",
    "waits": "grey",
}


def render(trace: Trace) -> str:
    """Row 0 shows who holds the GIL, row i + 1 thread i. A hold has the name of the
    function that held for most of it, where that is known."""
    events = [_name("process_name", GIL_ROW, "gil-lab")]
    events += _row(GIL_ROW, "GIL")
    for index, thread in enumerate(trace.threads):
        events += _row(index + 1, f"{thread.name} ({thread.native_id})")
    for segment in trace.segments:
        span: dict[str, Any] = {
            "ph": "X",
            "cat": "gil",
            "pid": 1,
            "ts": round(segment.start_s * 1e6, 3),
            "dur": round((segment.end_s - segment.start_s) * 1e6, 3),
        }
        words = {"name": STATE_NAMES[segment.state], "cname": COLOURS[segment.state]}
        holder = trace.threads[segment.thread].name
        if segment.line is not None:
            line = trace.lines[segment.line]
            words["name"] = line.function
            holder = f"{holder}: {line.function}"
            span["args"] = {"at": place(line), "calls": line.callee}
        events.append(span | words | {"tid": segment.thread + 1})
        if segment.state == "holds":
            events.append(span | {"name": holder, "tid": GIL_ROW})
    data = {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "python": trace.python,
            "gil_free": trace.gil_free,
            "error": trace.error,
            "samples": trace.samples,
            "lost": trace.lost,
        },
    }
    return json.dumps(data, allow_nan=False) + "\n"


def _row(row: int, name: str) -> list[dict[str, Any]]:
    order = _name("thread_sort_index", row, "") | {"args": {"sort_index": row}}
    return [_name("thread_name", row, name), order]


def _name(kind: str, row: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": 1, "tid": row, "args": {"name": name}}
