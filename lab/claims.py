"""Claims about the GIL, where there may be none."""

from dataclasses import replace

from lab.machine import gil_enabled
from lab.records import Series


def about_gil(series: Series) -> Series:
    """The series as it is; where the GIL is off, without its claim, saying so."""
    if gil_enabled():
        return series
    return replace(
        series,
        claim="there is no GIL here, so nothing is claimed",
        at_least=None,
        at_most=None,
        gil=False,
    )
