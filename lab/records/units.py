"""Figures with their units, for people."""

import math

# No figure is written with more digits that say something.
DIGITS = 3


def duration(seconds: float) -> str:
    """A time in the unit that fits it: 402.6 ms."""
    factor, unit = fitting(seconds)
    return f"{seconds * factor:.3g} {unit}"


def fitting(seconds: float) -> tuple[float, str]:
    """The unit that fits a time, as the factor to it and its name."""
    units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    unit = next((unit for unit in units if seconds * units[unit] >= 1), "ns")
    return units[unit], unit


def times(ratio: float) -> str:
    """A ratio: 2.57x, 1200x."""
    return f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.3g}x"


def decimals(value: float, half_width: float) -> int:
    """How many decimals of a value its uncertainty leaves; below 0: tens, hundreds.

    One digit of the uncertainty counts, two where the first is a 1; half_width 0: it
    is not known.
    """
    most = DIGITS - 1 - _place(value) if value else DIGITS
    if not half_width:
        return most
    place = _place(half_width)
    first = half_width / 10.0**place
    return min(-place + (first < 2), most)


def number(value: float, places: int) -> str:
    """A number with so many decimals, never in powers of ten: 25400, 0.975."""
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"


def rounded(value: float) -> str:
    """A number in two digits: 25000, 0.98; 0 as it is."""
    return number(value, 1 - _place(value)) if value else "0"


def upwards(value: float, places: int) -> float:
    """The value at so many decimals, never less: an uncertainty must not shrink."""
    unit = 10.0**-places
    return math.ceil(value / unit - 1e-9) * unit


def _place(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def share(value: float, error: float) -> str:
    """A part of a whole, 0 to 1, with its interval, within the same: 0.99 (0.98 to 1).

    error: half the interval's width.
    """
    return _within(value, error, 1.0, "")


def percent(value: float, error: float) -> str:
    """The same in per cent: 99.1% (98.7% to 99.5%)."""
    return _within(value, error, 100.0, "%")


def _within(value: float, error: float, whole: float, unit: str) -> str:
    places = decimals(whole * value, whole * error)
    ends = value, max(0.0, value - error), min(1.0, value + error)
    shown = (f"{number(whole * end, places)}{unit}" for end in ends)
    return "{} ({} to {})".format(*shown)
