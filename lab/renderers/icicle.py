"""The stacks that held the GIL as an icicle: callers on top of what they call, each as
wide as the time that it and what it calls held."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from lab.records.lines import Line
from lab.records.source_names import place
from lab.records.stack_paths import paths
from lab.records.trace import Trace
from lab.records.units import duration
from lab.renderers.charts import INK, Spec, colours, layered, milliseconds, told

ROW_PX, MOST_ROWS = 20, 40
# Of all holding: what is narrower is not drawn, as nobody could see it.
LEAST = 0.002
# A label needs so much of the width a character, where three charts are side by side.
CHARACTER = 0.02
# What the colour tells, tells the description, too.
COLOURS = {
    "held, and wanted by others for most of it": "var(--wants)",
    "held": "var(--held)",
}
TITLES = ("line", "of all holding", "longest hold", "others wanted it")
TABLE_ROWS = 10


@dataclass(slots=True)
class _Box:
    """A line with all that it calls."""

    held_s: float = 0.0
    wanted_s: float = 0.0
    inside: dict[Line | str, "_Box"] = field(default_factory=dict)


def chart(trace: Trace) -> Spec:
    """Milliseconds held across, threads and then their stacks from the top down."""
    root = _Box()
    for path in paths(trace):
        boxes, box = [root], root
        stack: tuple[Line | str, ...] = (path.thread, *path.lines)
        for one in stack:
            box = box.inside.setdefault(one, _Box())
            boxes.append(box)
        for box in boxes:
            box.held_s += path.held_s
            box.wanted_s += path.wanted_s
    rows = list(_rows(root, 0.0, 0, LEAST * root.held_s, max(root.held_s, 1e-9)))
    depth = max((row["depth"] for row in rows), default=0) + 1
    base = alt.Chart(alt.InlineData(values=rows))
    x = milliseconds("ms held", max(root.held_s, 1e-9))
    y = alt.Y("depth:O", axis=None, scale=alt.Scale(domain=list(range(depth))))
    seen = {row["state"] for row in rows}
    drawn = {name: it for name, it in COLOURS.items() if name in seen}
    boxes_ = base.mark_bar(
        height={"band": 0.94}, stroke="var(--page)", strokeWidth=1, fillOpacity=0.4
    ).encode(
        x=x,
        x2="to_ms:Q",
        y=y,
        color=colours("state:N", drawn, symbolType="square", columns=1, labelLimit=400),
        **told("line"),
    )
    names = base.mark_text(
        align="left", baseline="middle", dx=3, fontSize=11, color=INK, aria=False
    ).encode(x=x, y=y, text="short:N")
    return layered([boxes_, names], ROW_PX * depth)


def _rows(
    box: _Box, begin_s: float, depth: int, least_s: float, all_s: float
) -> Iterator[dict[str, Any]]:
    """What is inside, the longest first."""
    if depth == MOST_ROWS:
        return
    ranked = sorted(box.inside.items(), key=lambda it: it[1].held_s, reverse=True)
    for one, inner in ranked:
        if inner.held_s >= max(least_s, 1e-9):
            name = one if isinstance(one, str) else one.function
            where = "" if isinstance(one, str) else f" ({place(one)})"
            much = inner.wanted_s > inner.held_s / 2
            room = int(inner.held_s / all_s / CHARACTER)
            yield {
                "depth": depth,
                "from_ms": round(begin_s * 1e3, 4),
                "to_ms": round((begin_s + inner.held_s) * 1e3, 4),
                "state": list(COLOURS)[not much],
                "short": name if len(name) <= room else name[: max(0, room - 1)],
                "label": f"{name}{where}: {duration(inner.held_s)} held, others wanted "
                f"it for {duration(inner.wanted_s)} of that",
            }
            yield from _rows(inner, begin_s, depth + 1, least_s, all_s)
        begin_s += inner.held_s


def table(trace: Trace) -> list[tuple[str, ...]]:
    """The lines that held longest, below TITLES."""
    return [
        (
            f"{line.function} ({place(line)})",
            f"{line.held / trace.held:.1%}",
            duration(line.longest_s),
            duration(line.wanted * trace.duration_s),
        )
        for line in trace.lines[:TABLE_ROWS]
        if line.held
    ]
