"""A trace, read from its file: what is damaged or foreign is refused in one line."""

import json
import os
from pathlib import Path

from lab.records import codec
from lab.records.trace import FORMAT, KIND, Trace

# Of fractions that add up to 1, each rounded.
ROUNDING = 1e-6


def load(path: str | os.PathLike[str]) -> Trace:
    """Read what `Trace.save` wrote.

    Raises OSError, or ValueError in one line where `path` holds something else.
    """
    try:
        data = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise ValueError(f"{path}: not a trace of gil-lab")
    number = data.get("format")
    if type(number) is not int or number not in range(1, FORMAT + 1):
        raise ValueError(f"{path}: format {number!r}, this version reads 1 to {FORMAT}")
    try:
        found = codec.decode(Trace, data)
        check(found)
    except ValueError as error:
        raise ValueError(f"{path}: damaged trace: {error}") from None
    return found


def check(trace: Trace, place: str = "") -> None:
    """What the types of the fields do not say: shares of one whole, and nothing after
    the end. ValueError in one line, which begins with the place; place: of the trace.
    """
    within = f"{place}." if place else ""
    parts = trace.held + trace.runs_free + trace.idle
    if parts and abs(parts - 1) > ROUNDING:  # 0 where nothing was seen
        raise codec.wrong_at(f"{within}held", "with runs_free and idle it is not 1")
    if abs(trace.runs_free + trace.idle - trace.gil_free) > ROUNDING:
        raise codec.wrong_at(f"{within}gil_free", "it is not runs_free and idle")
    if trace.segments_start_s >= trace.duration_s:
        raise codec.wrong_at(f"{within}segments_start_s", "beyond the trace")
    latest_s = trace.duration_s * (1 + ROUNDING)
    for number, thread in enumerate(trace.threads):
        if not thread.start_s <= thread.end_s <= latest_s:
            raise codec.wrong_at(f"{within}threads[{number}]", "not within the trace")
        if thread.longest_hold_s > latest_s:
            raise codec.wrong_at(
                f"{within}threads[{number}].longest_hold_s", "longer than the trace"
            )
        if any(one.holder >= len(trace.threads) for one in thread.behind):
            raise codec.wrong_at(f"{within}threads[{number}].behind", "of no thread")
    for number, segment in enumerate(trace.segments):
        if segment.thread >= len(trace.threads):
            raise codec.wrong_at(f"{within}segments[{number}]", "of no thread")
        if not segment.start_s <= segment.end_s <= latest_s:
            raise codec.wrong_at(f"{within}segments[{number}]", "not within the trace")
        if segment.line is not None and segment.line >= len(trace.lines):
            raise codec.wrong_at(f"{within}segments[{number}]", "of no line")
    _check_lines(trace, within)


def _check_lines(trace: Trace, within: str) -> None:
    known = trace.lines_unread + trace.lines_native + trace.lines_folded
    if sum(one.held for one in trace.lines) + known > trace.held + ROUNDING:
        raise codec.wrong_at(f"{within}lines", "held more than all that was held")
    for number, one in enumerate(trace.lines):
        if one.wanted > one.held or one.longest_s > trace.duration_s * (1 + ROUNDING):
            raise codec.wrong_at(f"{within}lines[{number}]", "more than there was")
    for number, node in enumerate(trace.stacks):
        place = f"{within}stacks[{number}]"
        if node.thread >= len(trace.threads) or node.line >= len(trace.lines):
            raise codec.wrong_at(place, "of no thread or no line")
        if node.parent is not None and (
            node.parent >= number or trace.stacks[node.parent].thread != node.thread
        ):
            raise codec.wrong_at(place, "its caller is none")
        if node.wanted > node.held:
            raise codec.wrong_at(place, "wanted for longer than held")
