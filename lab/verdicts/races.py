"""Records -> verdicts: pure functions with named thresholds.

Time alone lies on a busy machine: beside two processor hogs a held kernel once
showed a speedup of 1.43. So a verdict needs two witnesses that agree, the speedup
and what the threads did meanwhile: cores in use for compute, overlap for blocking
calls. Where they disagree, or the machine did not let them speak, it is
inconclusive.
"""

import math
from dataclasses import replace

from lab.records.machine import TWO_CORES
from lab.records.race import Bound, Claim, Race, Round, cores_in_use, starved, wall_ns
from lab.records.statistics import Ends, Estimate, ceiling, estimate
from lab.verdicts.finding import Ceiling, Finding, Judgement, Verdict

# Fewer usable rounds than this say nothing. A blocking race shows its order in
# every single round, so two of them are enough to see it repeat.
COMPUTE_ROUNDS, BLOCKING_ROUNDS = 4, 2
# Of what the cores allow beyond one thread, "helps" wants the first part of the cores
# in use; a speedup up to the second part is none. How much faster cores in use compute
# is the processor's affair: SMT siblings share a core, small cores are slow, and all
# cores together run at a lower clock than one.
HELPS, NO_HELP = 0.6, 0.15
# Under one lock cores in use cannot pass 1; clocks are this exact.
ONE_CORE = 1.1
# A single call that took this many times the processor time of the slowest call of its
# race was slowed alone: by itself that gives a speedup which is more than none.
SLOWED = 1 + NO_HELP
# Each thread that waits for the GIL wakes up once in a switch interval to ask for it
# (take_gil, COND_TIMED_WAIT): some 20 us of a processor in 5 ms.
WAITING = 0.004
# Of N blocking calls, "helps" wants this part at the same time.
OVERLAP = 0.75
# A blocking call that ended this early did not block: its round does not count.
SHORTEST = 0.95
# A speedup carries the noise of two measurements: it must be this many times its
# ceiling, and so must what the threads did meanwhile, before the ceiling is in doubt.
CEILING_SLACK = 1.1
# Why threads that run in parallel gain less than there are cores.
IN_PARALLEL = "in parallel, though all cores together are slower than one each"
# What no threads can gain, the single call has lost.
BEYOND = "faster than possible: the single call was kept waiting"
# Below this part of min(N, cores, ceiling), something besides the GIL's share
# keeps the speedup down.
UNDER_LINE = 0.9
# A serial race faster than this has a reference that came late.
SERIAL = 1.3


def judge(race: Race) -> Finding:
    """The verdict on a race, from its record alone."""
    limit = float(race.threads)
    if race.bound is not Bound.BLOCKING:
        limit = min(limit, race.cores)
    whole = [round_ for round_ in race.rounds if _usable(race, round_)]
    usable = [round_ for round_ in whole if _speedup(round_) <= CEILING_SLACK * limit]
    enough = len(usable) >= _rounds_wanted(race)
    # With too few usable rounds the figures shown are those of all rounds.
    rounds = usable if enough else list(race.rounds)
    processes = [round_.process for round_ in rounds]
    speedup = estimate([_speedup(round_) for round_ in rounds], processes)
    cores = estimate([cores_in_use(round_.laps) for round_ in rounds], processes)
    overlap = estimate([_overlap(round_) for round_ in rounds], processes)
    if race.threads == 1:
        verdict, reason = Verdict.SINGLE, ""
    elif limit < TWO_CORES:
        verdict, reason = Verdict.INCONCLUSIVE, _too_few(limit)
    elif not enough:
        verdict, reason = Verdict.INCONCLUSIVE, _why_unusable(race, len(usable))
        if len(whole) >= _rounds_wanted(race):
            reason = BEYOND
        if race.bound is Bound.MEMORY and cores.low > _one_core(race):
            # However busy: no lock lets that many cores be in use.
            verdict, reason = Verdict.PARALLEL, f"what memory gives is open: {reason}"
    elif race.bound is Bound.BLOCKING:
        most = max(map(_overlap, rounds))
        verdict, reason = _blocking(race, speedup, most, overlap.median)
        if verdict is Verdict.NO_HELP and race.claim is not Claim.NO_HELP:
            # Who comes after another may have had no core to come earlier.
            if not _counts_waits(race):
                reason = "one at a time, and no count of waits for a core"
                verdict = Verdict.INCONCLUSIVE
            elif any(starved(round_.laps) for round_ in rounds):
                reason = "machine busy: one at a time, but some had no core meanwhile"
                verdict = Verdict.INCONCLUSIVE
    else:
        verdict, reason = _compute(race, speedup, cores, limit)
    free = _free(race)
    at_once = overlap if race.bound is Bound.BLOCKING else cores
    return Finding(
        race=race,
        verdict=verdict,
        judgement=_against_claim(race, verdict),
        reason=reason,
        time_s=estimate([wall_ns(round_.laps) / 1e9 for round_ in rounds], processes),
        speedup=None if race.threads == 1 else speedup,
        cores=cores.median,
        overlap=overlap.median,
        limit=limit,
        free=free,
        ceiling=None
        if free is None
        else _ceiling(free, verdict, speedup, at_once, limit),
    )


def _too_few(cores: float) -> str:
    """Under a quota of 1.5 cores two threads may both run, for a part of the time:
    cores in use would say so too late to be told from one lock."""
    return "one usable core" if cores <= 1 else f"only {cores:g} usable cores"


def _free(race: Race) -> Estimate | None:
    """The GIL-free share over all processes, within what is possible.

    It is never surer than the samples behind it.
    """
    if not race.shares:
        return None
    found = estimate([share.gil_free for share in race.shares])
    error = max(share.error for share in race.shares) / math.sqrt(len(race.shares))
    low = max(0.0, min(found.low, found.median - error))
    high = min(1.0, max(found.high, found.median + error))
    kind = Ends.INTERVAL if len(race.shares) == 1 else found.kind
    return replace(found, low=low, high=high, kind=kind)


def _ceiling(
    free: Estimate, verdict: Verdict, speedup: Estimate, at_once: Estimate, limit: float
) -> Ceiling:
    """at_once: cores in use, or blocking calls under way. Neither can pass the ceiling:
    that is how often the part that needs the GIL fits into the time."""
    value = ceiling(free.median)
    line = min(limit, value)
    if verdict in (Verdict.INCONCLUSIVE, Verdict.SINGLE):
        return Ceiling(value, line, Judgement.INCONCLUSIVE, under=False)
    exceeded = min(speedup.low, at_once.low) > CEILING_SLACK * ceiling(free.high)
    judgement = Judgement.CONTRADICTED if exceeded else Judgement.AS_PREDICTED
    return Ceiling(value, line, judgement, speedup.high < UNDER_LINE * line)


def _compute(
    race: Race, speedup: Estimate, cores: Estimate, limit: float
) -> tuple[Verdict, str]:
    no_gain = 1 + NO_HELP * (limit - 1)
    one_core = _one_core(race)
    if cores.median <= one_core:
        if race.claim is not Claim.NO_HELP and not _counts_waits(race):
            return Verdict.INCONCLUSIVE, "one core, and no count of waits for another"
        if speedup.high <= no_gain:
            return Verdict.NO_HELP, "never more than one core in use"
        return Verdict.INCONCLUSIVE, "speedup without the cores for it: machine busy"
    if race.bound is Bound.MEMORY and cores.low <= one_core:
        return Verdict.INCONCLUSIVE, "more than one core in use, but not every time"
    if race.bound is Bound.MEMORY:
        # One lock would keep them to one core: what memory gives is another matter.
        return Verdict.PARALLEL, f"memory gives {speedup.median:.2g}x"
    if race.claim is Claim.TO_CEILING and speedup.high <= no_gain:
        return Verdict.NO_HELP, "handing over the GIL eats the gain"
    worth = limit if race.worth is None else min(limit, race.worth)
    gains = speedup.low > 1 + NO_HELP * (worth - 1)
    if cores.median >= 1 + HELPS * (limit - 1) and gains:
        few = speedup.high < 1 + HELPS * (limit - 1)
        return Verdict.HELPS, IN_PARALLEL if few else ""
    if gains or (race.claim is Claim.TO_CEILING and speedup.low > 1):
        return Verdict.PARTLY, "faster than one thread, less than the cores allow"
    return Verdict.INCONCLUSIVE, "more than one core in use, but not faster"


def _blocking(
    race: Race, speedup: Estimate, most: float, overlap: float
) -> tuple[Verdict, str]:
    if most == 1:
        if speedup.low <= SERIAL:
            return Verdict.NO_HELP, "never two calls at a time"
        return Verdict.INCONCLUSIVE, "one at a time, yet faster: machine busy"
    if overlap >= OVERLAP * race.threads and speedup.low > SERIAL:
        return Verdict.HELPS, ""
    if overlap > 1 and speedup.low > SERIAL:
        return Verdict.PARTLY, f"{overlap:.0f} calls at a time"
    return Verdict.INCONCLUSIVE, f"{overlap:.0f} calls at a time, but not faster"


def _against_claim(race: Race, verdict: Verdict) -> Judgement:
    """Only the opposite of a claim contradicts it; less than claimed is open."""
    if not race.gil or verdict is Verdict.SINGLE:
        return Judgement.NO_CLAIM  # claims are about the GIL
    helped = verdict in (Verdict.HELPS, Verdict.PARTLY, Verdict.PARALLEL)
    if race.claim is Claim.NO_HELP:
        if helped:
            return Judgement.CONTRADICTED
        good = verdict is Verdict.NO_HELP
    elif race.claim is Claim.TO_CEILING:  # Ceiling says whether it kept to it
        good = verdict is not Verdict.INCONCLUSIVE
    else:
        if verdict is Verdict.NO_HELP:
            return Judgement.CONTRADICTED
        good = helped and (
            verdict is not Verdict.PARTLY or race.claim is not Claim.HELPS
        )
    return Judgement.AS_PREDICTED if good else Judgement.INCONCLUSIVE


def _one_core(race: Race) -> float:
    """The most cores in use under one lock, with what those who wait for it take."""
    return ONE_CORE + WAITING * (race.threads - 1)


def _counts_waits(race: Race) -> bool:
    """Whether the system counted how long threads were ready without a core."""
    return all(
        lap.starved_ns is not None for round_ in race.rounds for lap in round_.laps
    )


def _rounds_wanted(race: Race) -> int:
    return BLOCKING_ROUNDS if race.bound is Bound.BLOCKING else COMPUTE_ROUNDS


def _usable(race: Race, round_: Round) -> bool:
    if race.bound is Bound.BLOCKING:
        assert race.delay_s is not None, "a blocking race records its delay"
        shortest_ns = min(lap.wall_ns for lap in (round_.reference, *round_.laps))
        return shortest_ns >= SHORTEST * race.delay_s * 1e9
    slowest_ns = max(lap.cpu_ns for lap in round_.laps)
    slowed = round_.reference.cpu_ns > SLOWED * slowest_ns
    return round_.reference.had_core and not slowed and not starved(round_.laps)


def _why_unusable(race: Race, usable: int) -> str:
    counted = f"{usable} of {len(race.rounds)} rounds usable"
    if race.bound is Bound.BLOCKING:
        return f"calls did not block: {counted}"
    return f"machine busy: {counted}"


def _speedup(round_: Round) -> float:
    return len(round_.laps) * round_.reference.wall_ns / wall_ns(round_.laps)


def _overlap(round_: Round) -> float:
    """The most calls under way at one moment."""
    edges = sorted(
        [(lap.enter_ns, 1) for lap in round_.laps]
        + [(lap.leave_ns, -1) for lap in round_.laps]
    )
    under_way, most = 0, 0
    for _, step in edges:
        under_way += step
        most = max(most, under_way)
    return float(most)
