"""What was found about one callable, and how it reads."""

import math
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any, Literal

from lab.records.statistics import ceiling
from lab.records.units import decimals, duration, number, share, times

ProbeVerdict = Literal["released", "held", "partly", "inconclusive", "no-gil"]

MEANINGS = {
    "released": "released: the call lets the GIL go",
    "held": "held: the call keeps the GIL",
    "partly": "partly: the call lets the GIL go for a part of its time",
    "inconclusive": "inconclusive: it cannot be told",
    "no-gil": "no-gil: this Python runs with its GIL off, there is none to release",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found about one callable."""

    verdict: ProbeVerdict
    """What the call does with the GIL."""
    gil_free: float
    """The part of the call's wall time in which nobody holds the GIL, 0 to 1."""
    error: float
    """Half the width of the 95 % interval of gil_free."""
    ceiling: float
    """1 / (1 - gil_free), the most that any number of threads can gain."""
    longest_hold: float
    """The longest that others may have to wait within a call, seconds."""
    preemptible: bool | None
    """True: within a call others get in after every switch interval, as in bytecode,
    so that threads take turns but never run in parallel. False: only at the beginning
    and the end of a call, if at all. None: it cannot be told."""
    samples: int
    """How often the lock's state was read."""
    calls: int
    """How many calls were made."""
    duration: float
    """Seconds a call."""
    method: Literal["scope", "knock"]
    """Which instrument measured it."""
    reason: str = ""
    """Why there is no scope, or no verdict; else empty."""
    held_in: str = ""
    """Of a call that holds: what held longest within it, such as "json.loads, called at
    report.py:31"; empty where it is C through and through, or not known."""

    def __str__(self) -> str:
        return _text(self)

    def to_json(self) -> dict[str, Any]:
        """Plain values; a ceiling without a bound is None, as JSON has no infinity."""
        bounded = math.isfinite(self.ceiling)
        return asdict(self) | {"ceiling": self.ceiling if bounded else None}


def _text(probe: Probe) -> str:
    """A few lines of at most 80 columns, plain ASCII."""
    lines = [MEANINGS[probe.verdict]]
    if probe.verdict == "no-gil":
        return lines[0]
    if probe.reason and probe.method == "scope":
        lines[0] += f" ({probe.reason})"
    lines.append(
        f"  GIL-free      {share(probe.gil_free, probe.error)} of the time, "
        f"{probe.samples} samples"
    )
    low = ceiling(probe.gil_free - probe.error)
    high = ceiling(probe.gil_free + probe.error)
    lines.append(
        f"  ceiling       {_between(low, probe.ceiling, high)} "
        "for any number of threads"
    )
    speedups = ", ".join(f"{n}: {times(min(n, high))}" for n in (2, 4, 8, 64))
    lines.append(f"  threads gain  at most {speedups}")
    lines.append(
        f"  longest hold  {duration(probe.longest_hold)} without a chance for others"
    )
    if probe.held_in:
        lines += wrap(
            f"  held in       {probe.held_in}", 80, subsequent_indent=" " * 16
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


def _between(low: float, value: float, high: float) -> str:
    """With the digits that its interval leaves it; where that has no upper end, there
    is nothing to say but where it begins."""
    if math.isinf(high):
        return f"above {times(low)}" if low < math.inf else "no bound"
    if low >= high:
        return times(value)
    # The nearer end tells the digits: the other may be ten times as far.
    places = decimals(value, value - low or high - value)
    shown = (number(one, places) for one in (value, low, high))
    return "{}x ({}x to {}x)".format(*shown)
