"""C helps threads only where someone releases the GIL.

Every kernel of the catalogue is raced in one and in several threads, in twins that
differ by who holds the GIL alone. Each round times the call in one thread first;
the speedup is N x that time / the time of the race. Held calls gain nothing
however many cores there are; and a call may hold the GIL while it only sleeps.
"""

from experiments.conftest import races
from lab.calls.kernel import Kernel, Twin
from lab.catalogue import catalogue
from lab.instruments.race import Racer


@races(catalogue())
def test_race(race: Racer, kernel: Kernel, twin: Twin, threads: int) -> None:
    """One row of the table."""
    race(kernel, twin, threads)
