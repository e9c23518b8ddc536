"""A trace as a chart: a row a thread, and what a naive tracer would draw of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import altair as alt

from lab.records.pieces import Piece, length, shared, total
from lab.records.timeline import Span
from lab.records.trace import ALIKE, STATE_NAMES, STATES, Segment, State, Trace
from lab.records.units import duration
from lab.renderers.charts import INK, Spec, colours, layered, milliseconds, told

# The name of the zoom, by which a page can change it.
ZOOM = "zoom"
CALLS = "in the call"
# Colour, and the part of a row's height: what colour tells, height tells too.
DRAWN = {
    STATE_NAMES["holds"]: ("var(--held)", 0.9),
    STATE_NAMES["runs_free"]: ("var(--released)", 0.5),
    STATE_NAMES["wants"]: ("var(--wants)", 0.3),
    STATE_NAMES["ready"]: ("var(--ready)", 0.2),
    STATE_NAMES["blocked"]: ("var(--blocked)", 0.1),
    STATE_NAMES["waits"]: ("var(--waits)", 0.1),
    CALLS: ("var(--call)", 0.7),
}
# What a table of them always has; the others, where they were seen.
ALWAYS: dict[bool, tuple[State, ...]] = {
    True: ("holds", "runs_free", "wants"),
    False: ALIKE,
}
# One call ends where the next one begins.
EDGES: dict[str, dict[str, Any]] = {CALLS: {"stroke": INK, "strokeWidth": 1}}
ROW_PX = 34


def chart(trace: Trace, calls: Sequence[Span] = ()) -> Spec:
    """Rows over milliseconds. With calls: of their threads only, from the first to
    the last, and below each the call as such; without: of all threads, all of it."""
    named = list(dict.fromkeys(call.thread for call in calls))
    shown = [
        place
        for place, thread in enumerate(trace.threads)
        if not calls or thread.name in named
    ]
    titles = _titles([trace.threads[place].name for place in shown], bool(calls))
    start_s, end_s = _window(trace, calls)
    rows = [
        *_segments(trace, dict(zip(shown, titles, strict=True)), start_s, end_s),
        *_calls(calls, named, start_s),
    ]
    order = titles + [_naive(place) for place in range(len(named))]
    seen = {row["state"] for row in rows}
    shown_colours = {
        name: colour for name, (colour, _) in DRAWN.items() if name in seen
    }
    layers = [
        alt.Chart(alt.InlineData(values=[row for row in rows if row["state"] == state]))
        .mark_bar(height={"band": DRAWN[state][1]}, **EDGES.get(state, {}))
        .encode(
            x=milliseconds("ms", end_s - start_s),
            x2="to_ms:Q",
            y=alt.Y(
                "thread:N",
                title=None,
                sort=order,
                scale=alt.Scale(domain=order),
                axis=alt.Axis(labelLimit=180, ticks=False, domain=False),
            ),
            color=colours("state:N", shown_colours, symbolType="square", columns=2),
            **told("thread"),
        )
        for state in shown_colours
    ]
    if not layers:  # nothing was seen: an empty frame
        layers = [alt.Chart(alt.InlineData(values=[])).mark_bar()]
    # The wheel belongs to the page; with a key pressed, to the chart.
    zoom = alt.selection_interval(
        name=ZOOM,
        bind="scales",
        encodings=["x"],
        zoom="wheel![event.ctrlKey || event.metaKey || event.shiftKey]",
    )
    layers[0] = layers[0].add_params(zoom)
    return layered(layers, ROW_PX * len(order))


def table(
    trace: Trace, calls: Sequence[Span]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles, a column a thread as drawn by `chart`; and rows: the parts of the time in
    each state, and that in which a naive tracer has it in the call. Where the trace
    tells: the longest wait for the GIL, and who held it for most of these waits."""
    start_s, end_s = _window(trace, calls)
    named = list(dict.fromkeys(call.thread for call in calls))
    spent: dict[tuple[str, State], list[Piece]] = {}
    for segment in trace.segments:
        name = trace.threads[segment.thread].name
        piece = _clipped(segment, start_s, end_s)
        if name in named and piece is not None:
            spent.setdefault((name, segment.state), []).append(piece)
    titles = ("part of the time", *_titles(named, numbered=True))
    if end_s <= start_s:
        return titles, []

    def shares(title: str, spent_s: Iterable[float]) -> tuple[str, ...]:
        return (title, *(f"{one / (end_s - start_s):.1%}" for one in spent_s))

    seen = {state for _, state in spent} | set(ALWAYS[trace.told_apart])
    rows = [
        shares(
            STATE_NAMES[state], (total(spent.get((name, state), [])) for name in named)
        )
        for state in STATES
        if state in seen
    ]
    inside = (
        sum(call.leave_s - call.enter_s for call in calls if call.thread == name)
        for name in named
    )
    rows.append(shares("naive: in the call", inside))
    if trace.told_apart:
        wants = [spent.get((name, "wants"), []) for name in named]
        longest_s = [max(map(length, one), default=0.0) for one in wants]
        lasted = (duration(one) if one else "none" for one in longest_s)
        rows.append(("longest wait for the GIL", *lasted))
        holds = [spent.get((name, "holds"), []) for name in named]
        behind = ([total(shared(one, other)) for other in holds] for one in wants)
        holders = (
            titles[1 + one.index(max(one))] if any(one) else "" for one in behind
        )
        rows.append(("waited most for", *holders))
    return titles, rows


def _window(trace: Trace, calls: Sequence[Span]) -> tuple[float, float]:
    """What is drawn, in seconds since the trace began."""
    start_s = min((call.enter_s for call in calls), default=trace.segments_start_s)
    end_s = max((call.leave_s for call in calls), default=trace.duration_s)
    return start_s, end_s


def _titles(names: list[str], numbered: bool) -> list[str]:
    """Racers are told by number; others by name, made unique."""
    if numbered:
        return [f"thread {place + 1}" for place in range(len(names))]
    return [
        f"{name} ({place + 1})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]


def _naive(place: int) -> str:
    return f"naive {place + 1}"


def _segments(
    trace: Trace, titles: dict[int, str], start_s: float, end_s: float
) -> Iterator[dict[str, Any]]:
    for segment in trace.segments:
        clipped = _clipped(segment, start_s, end_s)
        if segment.thread in titles and clipped is not None:
            yield _row(titles[segment.thread], STATE_NAMES[segment.state], *clipped)


def _clipped(
    segment: Segment, start_s: float, end_s: float
) -> tuple[float, float] | None:
    first, last = max(segment.start_s, start_s), min(segment.end_s, end_s)
    return (first - start_s, last - start_s) if last > first else None


def _calls(
    calls: Sequence[Span], named: list[str], start_s: float
) -> Iterator[dict[str, Any]]:
    for call in calls:
        enter_s, leave_s = call.enter_s - start_s, call.leave_s - start_s
        yield _row(_naive(named.index(call.thread)), CALLS, enter_s, leave_s)


def _row(thread: str, state: str, start_s: float, end_s: float) -> dict[str, Any]:
    first_ms, last_ms = round(start_s * 1e3, 4), round(end_s * 1e3, 4)
    return {
        "thread": thread,
        "state": state,
        "from_ms": first_ms,
        "to_ms": last_ms,
        "label": f"{thread}: {state}, {first_ms:.3f} to {last_ms:.3f} ms",
    }
