"""Verdicts and figures in words: the same ones wherever they are shown.

sign: what stands for plus-minus; some places know ASCII only.
"""

from collections.abc import Sequence

from lab.records.machine import Machine
from lab.records.race import Bound, Claim
from lab.records.run import Failure
from lab.records.statistics import Ends, Estimate
from lab.records.units import decimals, duration, fitting, number, rounded, upwards
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.run import (
    Judged,
    SpeedupRange,
    open_races,
    says_nothing,
    speedup_range,
)
from lab.verdicts.series import SeriesFinding

MYTH = "Call C, and your threads run in parallel."
MORAL = "C helps threads only where someone releases the GIL."
CONTRADICTED = "But something contradicts its claim: the lines marked !! say what."
# Do threads help?
VERDICTS = {
    Verdict.HELPS: "yes",
    Verdict.NO_HELP: "no",
    Verdict.PARTLY: "partly",
    Verdict.PARALLEL: "in parallel",
    Verdict.INCONCLUSIVE: "open",
    Verdict.SINGLE: "",
}
MARKS = {
    Judgement.AS_PREDICTED: "ok",
    Judgement.CONTRADICTED: "!!",
    Judgement.INCONCLUSIVE: "??",
    Judgement.NO_CLAIM: "  ",
}
# What a reader wants a reason for.
OPEN = (Judgement.INCONCLUSIVE, Judgement.CONTRADICTED)


def machine(it: Machine) -> str:
    """What a run ran on, in a line."""
    gil = "GIL on" if it.gil else "GIL off (free-threaded)"
    if it.gil and it.free_threaded_build:
        gil = "GIL on (free-threaded build)"
    return (
        f"{it.implementation} {it.python}, {gil}, {it.cores:g} usable cores, "
        f"switch interval {duration(it.switch_interval_s)}, {it.system}"
    )


def name(finding: Finding) -> str:
    """Kernel, twin and threads of a race."""
    race = finding.race
    return f"{race.kernel} {race.twin} x{race.threads}"


def time(finding: Finding) -> str:
    """The time of the race."""
    return duration(finding.time_s.median)


def within(it: Estimate, unit: str, sign: str) -> str:
    """A figure with the interval it can be trusted in.

    unit: as in a series. It has the digits that its interval bears out; an interval
    that is wide, or of a share and near 0 or 1, is written as its two ends. Few values
    are their range, and a figure of two modes is those two.
    """
    factor, unit = fitting(it.median or it.high) if unit == "s" else (1.0, unit)
    middle, low, high = (one * factor for one in (it.median, it.low, it.high))
    if it.modes:
        each = (one * factor for one in it.modes)
        gap = "" if unit == "x" else " "
        return " or ".join(f"{rounded(one)}{gap}{unit}".rstrip() for one in each)
    half = max(middle - low, high - middle)
    places = decimals(middle, half)
    wide = half >= abs(middle) / 2
    # Plus or minus the longer side, a share would be below 0 or above 1.
    beyond = not unit and (low >= 0 > middle - half or high <= 1 < middle + half)
    figure, low_end, high_end = (
        rounded(one) if wide else number(one, places) for one in (middle, low, high)
    )
    if not half:
        written = number(middle, places)
        written = written.rstrip("0").rstrip(".") if places > 0 else written
        if it.values == 1:  # nothing tells how far it is off
            return f"{written} {unit}".rstrip() + " once"
    elif it.kind is Ends.RANGE:
        written = f"range {low_end} to {high_end}"
    elif wide or beyond:
        written = f"{figure} ({low_end} to {high_end})"
    else:
        off = number(upwards(half, places), places)
        written = f"{figure} {sign}{off}"
    return f"{written} {unit}".rstrip()


def speedup(finding: Finding, sign: str) -> str:
    """The speedup and its interval; empty for one thread."""
    return "" if finding.speedup is None else within(finding.speedup, "", sign)


def free(finding: Finding) -> str:
    """The GIL-free share; empty where there is none."""
    return f"{finding.free.median:.2f}" if finding.free else ""


def free_within(finding: Finding, sign: str) -> str:
    """The GIL-free share and its interval."""
    return within(finding.free, "", sign) if finding.free else ""


def ceiling(finding: Finding) -> str:
    """The ceiling: "none" from 100 on, empty where there is no share."""
    if finding.ceiling is None:
        return ""
    value = finding.ceiling.value
    return "none" if value >= 100 else f"{value:.{2 if value < 10 else 1}f}"


def verdict(finding: Finding) -> str:
    """The mark of the judgement, and whether threads help."""
    return f"{MARKS[finding.judgement]} {VERDICTS[finding.verdict]}"


def measured(finding: SeriesFinding, sign: str) -> str:
    """A series' median, its interval and its unit."""
    it, unit = finding.estimate, finding.series.unit
    if it is None:
        return "nothing"
    if says_nothing(finding):
        factor, unit = fitting(it.high) if unit == "s" else (1.0, unit)
        low, high = (rounded(one * factor) for one in (it.low, it.high))
        return f"inconclusive, {low} to {high} {unit}".rstrip()
    text = within(it, unit, sign)
    if it.low == it.high and len(finding.series.values) > 1:
        text += " each time"
    return text


def claim(finding: SeriesFinding) -> str:
    """The mark of the judgement, the claim, and why it is open, if it is."""
    text = f"{MARKS[finding.judgement]} {finding.series.claim}"
    if finding.reason:
        text += f": {finding.judgement}, {finding.reason}"
    return text


def notes(it: Judged) -> list[tuple[str, Judgement]]:
    """What failed, and what needs a reason, with the judgement it is the reason of."""
    wanted = [found for found in it.findings if found.judgement in OPEN]
    return [
        *((failure(one), Judgement.INCONCLUSIVE) for one in it.run.failures),
        *((_note(found), found.judgement) for found in wanted),
        *(note for found in it.findings for note in _ceiling_notes(found)),
    ]


def failure(it: Failure) -> str:
    """What could not be measured, and why, in a line."""
    text = f"failed: {it.subject}: {it.reason}"
    return f"{text}: {it.place}" if it.place else text


def _note(finding: Finding) -> str:
    race = finding.race
    text = f"{MARKS[finding.judgement]} {name(finding)}: {finding.judgement}"
    if finding.judgement is Judgement.CONTRADICTED:
        text += f": claimed that {race.claim}, found that {finding.verdict}"
    return f"{text}: {finding.reason}" if finding.reason else text


def _ceiling_notes(finding: Finding) -> list[tuple[str, Judgement]]:
    bound = finding.ceiling
    if bound is None or finding.speedup is None:
        return []
    if bound.judgement is Judgement.CONTRADICTED:
        text = f"!! {name(finding)}: contradicted: speedup above its ceiling of"
        return [(f"{text} {bound.value:.2f}", Judgement.CONTRADICTED)]
    if bound.under and finding.race.claim is Claim.TO_CEILING:
        text = f"   {name(finding)}: below min(N, cores, ceiling) = {bound.line:.2f}:"
        text += " handing over the GIL takes the rest"
        return [(text, Judgement.NO_CLAIM)]
    return []


def contradictions(it: Judged) -> list[str]:
    """What contradicts its claim, a sentence each."""
    found = [
        *(
            f"{name(one)}: claimed that {one.race.claim}, found that {one.verdict}"
            for one in it.findings
            if one.judgement is Judgement.CONTRADICTED
        ),
        *(
            f"{name(one)}: a speedup above its ceiling"
            for one in it.findings
            if one.ceiling and one.ceiling.judgement is Judgement.CONTRADICTED
        ),
        *(
            f"{one.series.experiment}, {one.series.subject}: claimed {one.series.claim}"
            for one in it.series
            if one.judgement is Judgement.CONTRADICTED
        ),
    ]
    return [f"Contradicted: {text}" for text in found]


def finding(it: Judged, bounds: Sequence[Bound] = tuple(Bound)) -> str:
    """What a run's races of these bounds show as a whole, or of all bounds if
    these show nothing."""
    held = [speedup_range(it.findings, "held", bound) for bound in bounds]
    released = [speedup_range(it.findings, "released", bound) for bound in bounds]
    if not any(held) and not any(released):
        if set(bounds) < set(Bound):
            return finding(it)
        if all(found.race.threads == 1 for found in it.findings):
            return "no call was raced in two threads or more."
        return f"{_open_compute(it)}nothing could be told here."
    if not it.run.machine.gil:
        return (
            f"{_open_compute(it)}"
            "this interpreter has no GIL, so there is nothing to release: "
            f"{_sentence(held, 'would keep it')}; "
            f"{_sentence(released, 'would release it')}."
        )
    shown = MORAL if it.busted else CONTRADICTED if it.contradicted else ""
    return (
        f"{_open_compute(it)}{_sentence(held, 'kept the GIL')}; "
        f"{_sentence(released, 'released it')}. {shown}"
    ).rstrip()


def _open_compute(it: Judged) -> str:
    """What a finding begins with where compute races have no answer."""
    raced = [
        one
        for one in it.findings
        if one.race.bound is Bound.COMPUTE and one.race.threads > 1
    ]
    reasons = open_races(raced)
    count = sum(map(len, reasons.values()))
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    return f"{count} of {len(raced)} compute races {verb} open ({', '.join(reasons)}): "


def speedup_of(group: SpeedupRange) -> str:
    """The lowest and the highest speedup of a group."""
    low, high = f"{group.lowest:.2f}x", f"{group.highest:.2f}x"
    return low if low == high else f"{low} to {high}"


def _sentence(groups: list[SpeedupRange | None], deed: str) -> str:
    known = [group for group in groups if group is not None]
    calls = sum(group.calls for group in known)
    if not calls:
        return f"of the C calls that {deed}, nothing is known"
    parts = [
        f"{speedup_of(group)} on {group.threads} threads ({group.bound})"
        for group in known
    ]
    counted = "1 C call" if calls == 1 else f"{calls} C calls"
    return f"{counted} that {deed} had a speedup of {', '.join(parts)}"
