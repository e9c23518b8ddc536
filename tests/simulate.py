"""Runs of machines that nobody here has: simulated records, for tests of verdicts.

`python -m tests.simulate` writes tests/data/simulated_*.json. What is simulated is
the record of a bench, not a measurement: laps as such a machine would stamp them.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from lab.records.machine import Machine
from lab.records.race import Bound, Claim, Lap, Race, Round, Share
from lab.records.results import FORMAT, KEY

FOLDER = Path(__file__).parent / "data"
CALL_NS = 20_000_000
PROCESSES, ROUNDS = 6, 2


@dataclass(frozen=True)
class Simulated:
    """speeds: of each logical core when all are busy, next to one core alone. worth:
    what the lab would say all of them are worth. quota: in cores, if there is one."""

    name: str
    speeds: tuple[float, ...]
    worth: float
    quota: float | None = None

    @property
    def cores(self) -> float:
        """What the lab would call usable cores."""
        return min(float(len(self.speeds)), self.quota or math.inf)


MACHINES = (
    Simulated("1_core", (1.0,), 1.0),
    Simulated("2_cores", (1.0, 1.0), 2.0),
    Simulated("4_cores", (0.95,) * 4, 4.0),
    Simulated("16_cores", (0.8,) * 16, 16.0),
    # All 64 cores run at 60 % of the clock that one alone reaches.
    Simulated("64_cores", (0.6,) * 64, 64.0),
    # Two siblings share a core and do a quarter more together than one alone.
    Simulated("smt", (0.625,) * 8, 4.0),
    Simulated("quota", (1.0,) * 8, 1.5, quota=1.5),
    Simulated("big_and_small", (1.0,) * 4 + (0.4,) * 4, 5.6),
)


def races(machine: Simulated) -> Iterator[Race]:
    """Held and released twins, bound by compute, memory and waiting."""
    rng = Random(557)
    for bound in Bound:
        for twin in ("held", "released"):
            blocking = bound is Bound.BLOCKING
            threads = 8 if blocking else max(2, len(machine.speeds))
            claim = Claim.NO_HELP
            if twin == "released":
                claim = Claim.HELPS_SOME if bound is Bound.MEMORY else Claim.HELPS
            yield Race(
                kernel=f"simulated.{bound}",
                twin=twin,
                via="nobody",
                bound=bound,
                claim=claim,
                threads=threads,
                cores=machine.cores,
                gil=True,
                delay_s=CALL_NS / 1e9 if blocking else None,
                dropped=0,
                rounds=tuple(
                    _round(machine, bound, twin, threads, process, rng)
                    for process in range(PROCESSES)
                    for _ in range(ROUNDS)
                ),
                shares=(Share(float(twin == "released"), 0.01),) * PROCESSES,
                worth=min(machine.worth, threads),
            )


def _round(
    machine: Simulated,
    bound: Bound,
    twin: str,
    threads: int,
    process: int,
    rng: Random,
) -> Round:
    noise = [1 + rng.expovariate(1 / 0.003) for _ in range(threads + 1)]
    alone = round(CALL_NS * noise[-1])
    reference = Lap(0, alone, 0 if bound is Bound.BLOCKING else alone, 0)
    took_ns = [round(CALL_NS * one) for one in noise[:-1]]
    if twin == "held":
        laps = _serial(bound, took_ns)
    elif bound is Bound.BLOCKING:
        laps = [
            Lap(place * 1000, place * 1000 + ns, 0, 0)
            for place, ns in enumerate(took_ns)
        ]
    else:
        laps = _parallel(machine, bound, took_ns)
    return Round(reference, tuple(laps), process)


def _serial(bound: Bound, took_ns: Sequence[int]) -> list[Lap]:
    ends = list(accumulate(took_ns))
    # Who waits for the GIL wakes up every 5 ms to ask for it, for some 10 us.
    return [
        Lap(
            end - took,
            end,
            0 if bound is Bound.BLOCKING else took + (end - took) // 500,
            0,
        )
        for end, took in zip(ends, took_ns, strict=True)
    ]


def _parallel(machine: Simulated, bound: Bound, took_ns: Sequence[int]) -> list[Lap]:
    """Each thread on a core of its own, or all in turn on too few."""
    running = min(machine.cores, len(took_ns)) / len(took_ns)
    # Memory that a quarter of the cores saturate.
    slower = max(1.0, len(took_ns) / 4) if bound is Bound.MEMORY else 1.0
    laps = []
    for place, took in enumerate(took_ns):
        cpu_ns = round(took * slower / machine.speeds[place % len(machine.speeds)])
        wall_ns = round(cpu_ns / running)
        laps.append(Lap(0, wall_ns, cpu_ns, wall_ns - cpu_ns))
    return laps


def content(machine: Simulated) -> str:
    """The result file."""
    here = Machine(
        "3.11.7", "CPython", False, True, machine.cores, 0.005, "Linux x86_64"
    )
    found = {
        "datetime": "2026-01-01T00:00:00+00:00",
        "machine_info": {"cpu": {"brand_raw": f"simulated: {machine.name}"}},
        "benchmarks": [
            {
                "fullname": f"{race.kernel}-{race.twin}",
                "extra_info": {KEY: [race.to_json()]},
            }
            for race in races(machine)
        ],
        KEY: {"format": FORMAT, "machine": asdict(here)},
    }
    return json.dumps(found, separators=(",", ":")) + "\n"


def path(machine: Simulated) -> Path:
    """Where its fixture lies."""
    return FOLDER / f"simulated_{machine.name}.json"


if __name__ == "__main__":
    for one in MACHINES:
        path(one).write_text(content(one))
