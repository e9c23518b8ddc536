"""A probe in words: what printing it shows, so it stands below the probe itself."""

import math
from typing import TYPE_CHECKING

from lab.units import duration

if TYPE_CHECKING:
    from lab.probing import Probe

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
        f"  GIL-free      {probe.gil_free:.3f} +-{probe.error:.3f} of the time, "
        f"{probe.samples} samples"
    )
    lines.append(
        f"  ceiling       {_times(probe.ceiling)} for any number of threads "
        f"({_ceiling(probe.gil_free - probe.error)} to "
        f"{_ceiling(probe.gil_free + probe.error)})"
    )
    gains = ", ".join(f"{n}: {_times(min(n, probe.ceiling))}" for n in (2, 4, 8, 64))
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


def _ceiling(gil_free: float) -> str:
    held = 1 - max(gil_free, 0)
    return _times(1 / held if held > 0 else math.inf)


def _times(gain: float) -> str:
    return "no bound" if math.isinf(gain) else f"{gain:.3g}x"
