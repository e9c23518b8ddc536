"""Figures with their units, for people."""


def duration(seconds: float) -> str:
    """A time in the unit that fits it: 402.6 ms."""
    units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    unit = next((unit for unit in units if seconds * units[unit] >= 1), "ns")
    return f"{seconds * units[unit]:.3g} {unit}"
