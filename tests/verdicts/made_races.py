"""Races made up, lap by lap."""

from collections.abc import Sequence
from dataclasses import replace

from lab.records.race import Bound, Claim, Lap, Race, Round

MS = 1_000_000
# Of two threads: enter, leave and processor time in milliseconds.
SERIAL = [(0, 100, 100), (100, 200, 100)]
PARALLEL = [(0, 100, 100), (1, 101, 100)]
TURNS = [(0, 200, 100), (1, 200, 100)]  # bytecode: both in the call, one core


def made(
    laps: Sequence[tuple[int, int, int]],
    *,
    reference: tuple[int, int, int] = (0, 100, 100),
    starved_ms: int = 0,
    rounds: int = 5,
    **changes: object,
) -> Race:
    """Rounds all alike; laps in ms: (enter, leave, processor time)."""

    def make(lap: tuple[int, int, int], starved_ms: int = 0) -> Lap:
        enter, leave, cpu = lap
        return Lap(enter * MS, leave * MS, cpu * MS, starved_ms * MS)

    turn = Round(make(reference), tuple(make(lap, starved_ms) for lap in laps))
    race = Race(
        kernel="k",
        twin="t",
        via="test",
        bound=Bound.COMPUTE,
        claim=Claim.HELPS,
        threads=len(laps),
        cores=2.0,
        gil=True,
        delay_s=0.1,
        dropped=0,
        rounds=(turn,) * rounds,
    )
    return replace(race, **changes)  # type: ignore[arg-type]


def uncounted(race: Race) -> Race:
    """The same where the system does not count waits for a core."""
    rounds = [
        replace(one, laps=tuple(lap._replace(starved_ns=None) for lap in one.laps))
        for one in race.rounds
    ]
    return replace(race, rounds=tuple(rounds))
