"""A probe in words: what printing it shows, so it stands below the probe itself."""

import math
from typing import TYPE_CHECKING

from lab.records.units import decimals, duration, number, share

if TYPE_CHECKING:
    from lab.instruments.probe import Probe

WORDS = {
    "released": "released: the call lets the GIL go",
    "held": "held: the call keeps the GIL",
    "partly": "partly: the call lets the GIL go for a part of its time",
    "inconclusive": "inconclusive: it cannot be told",
    "no-gil": "no-gil: this Python runs with its GIL off, there is none to release",
}


def text(probe: "Probe") -> str:
    """A few lines of at most 80 columns, plain ASCII."""
    lines = [WORDS[probe.verdict]]
    if probe.verdict == "no-gil":
        return lines[0]
    if probe.reason and probe.method == "scope":
        lines[0] += f" ({probe.reason})"
    lines.append(
        f"  GIL-free      {share(probe.gil_free, probe.error)} of the time, "
        f"{probe.samples} samples"
    )
    low, high = (
        _ceiling(probe.gil_free - probe.error),
        _ceiling(probe.gil_free + probe.error),
    )
    lines.append(
        f"  ceiling       {_between(low, probe.ceiling, high)} "
        "for any number of threads"
    )
    gains = ", ".join(f"{n}: {_times(min(n, high))}" for n in (2, 4, 8, 64))
    lines.append(f"  threads gain  at most {gains}")
    lines.append(
        f"  longest hold  {duration(probe.longest_hold)} without a chance for others"
    )
    if probe.preemptible:
        lines.append("  bytecode      threads take turns, they never run in parallel")
    calls = "call" if probe.calls == 1 else "calls"
    lines.append(
        f"  one call      {duration(probe.duration)}, {probe.calls} {calls} "
        f"made, seen by {probe.method}"
    )
    if probe.method == "knock":
        lines.append(f"  no scope      {probe.reason}")
    return "\n".join(lines)


def _ceiling(gil_free: float) -> float:
    held = 1 - max(gil_free, 0)
    return 1 / held if held > 0 else math.inf


def _between(low: float, ceiling: float, high: float) -> str:
    """With the digits that its interval leaves it; where that has no upper end, there
    is nothing to say but where it begins."""
    if math.isinf(high):
        return f"above {_times(low)}" if low < math.inf else "no bound"
    half = (high - low) / 2
    if half <= 0:
        return _times(ceiling)
    places = decimals(ceiling, half)
    shown = (number(value, places) for value in (ceiling, low, high))
    return "{}x ({}x to {}x)".format(*shown)


def _times(gain: float) -> str:
    return f"{gain:.0f}x" if gain >= 100 else f"{gain:.3g}x"
