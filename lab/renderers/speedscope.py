"""Stacks as a file of speedscope (https://www.speedscope.app), a viewer of profiles.

The format: frames by number, and "sampled" profiles, each a list of stacks, callers
first, with as many weights.
"""

import json
from typing import Any

from lab.records.lines import Line
from lab.records.source_names import short
from lab.records.stack_paths import looked_for
from lab.records.trace import Trace


def render(trace: Trace) -> str:
    """Two profiles: by the time held, and by the time in which another thread wanted
    the GIL; not that one where the trace does not tell waits apart."""
    numbers: dict[Line | str, int] = {}
    samples, held, wanted = [], [], []
    for path in looked_for(trace):
        stack: list[Line | str] = [path.thread, *path.lines]
        samples.append([numbers.setdefault(one, len(numbers)) for one in stack])
        held.append(path.held_s)
        wanted.append(path.wanted_s)
    kinds = [("GIL held", held), ("GIL held while others wanted it", wanted)]
    profiles = [
        {
            "type": "sampled",
            "name": name,
            "unit": "seconds",
            "startValue": 0,
            "endValue": sum(weights),
            "samples": samples,
            "weights": weights,
        }
        for name, weights in kinds[: 1 + trace.told_apart]
    ]
    data = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "gil-lab",
        "name": f"GIL held in {trace.duration_s:.3f} s",
        "shared": {"frames": [_frame(one) for one in numbers]},
        "profiles": profiles,
    }
    return json.dumps(data) + "\n"


def _frame(one: Line | str) -> dict[str, Any]:
    if isinstance(one, str):
        return {"name": one}
    frame = {"file": short(one.file), "line": one.line}
    told = {key: value for key, value in frame.items() if value}
    return {"name": one.function, **told}
