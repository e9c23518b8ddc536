"""Figures with their units, for people."""

import math


def duration(seconds: float) -> str:
    """A time in the unit that fits it: 402.6 ms."""
    units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    unit = next((unit for unit in units if seconds * units[unit] >= 1), "ns")
    return f"{seconds * units[unit]:.3g} {unit}"


def decimals(half_width: float, most: int = 4) -> int:
    """How many decimals a figure has whose interval is so wide to either side."""
    if half_width <= 0:
        return most
    return min(max(-math.floor(math.log10(half_width)), 0), most)


def share(value: float, error: float) -> str:
    """A part of a whole, 0 to 1, with its interval, within the same: 0.99 (0.98 to 1).

    error: half the interval's width.
    """
    digits = decimals(error)
    low, high = max(0.0, value - error), min(1.0, value + error)
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def percent(value: float, error: float) -> str:
    """The same in per cent: 99.1% (98.7% to 99.5%)."""
    digits = max(decimals(error) - 2, 0)
    low, high = max(0.0, value - error), min(1.0, value + error)
    return f"{value:.{digits}%} ({low:.{digits}%} to {high:.{digits}%})"
