"""Verdicts and figures in words: the same ones wherever they are shown.

sign: what stands for plus-minus; some places know ASCII only.
"""

from collections.abc import Sequence

from lab.machine import Machine
from lab.series_verdicts import SeriesFinding
from lab.summary import Gains, Judged, gains
from lab.twins import Bound, Claim
from lab.units import duration
from lab.verdicts import Finding, Judgement, Verdict

MYTH = "Call C, and your threads run in parallel."
MORAL = "C helps threads only where someone releases the GIL."
# What threads do.
VERDICTS = {
    Verdict.HELPS: "help",
    Verdict.NO_HELP: "do not help",
    Verdict.PARTLY: "help partly",
    Verdict.PARALLEL: "run in parallel",
    Verdict.INCONCLUSIVE: "inconclusive",
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


def time_within(finding: Finding, sign: str) -> str:
    """The time of the race and its interval."""
    return f"{time(finding)} {sign}{duration(finding.time_s.half_width)}"


def speedup(finding: Finding, sign: str) -> str:
    """The speedup and its interval; empty for one thread."""
    if finding.speedup is None:
        return ""
    digits = 2 if finding.speedup.median < 10 else 1
    value, half = finding.speedup.median, finding.speedup.half_width
    return f"{value:.{digits}f} {sign}{half:.{digits}f}"


def free(finding: Finding) -> str:
    """The GIL-free share; empty where there is none."""
    return f"{finding.free.median:.2f}" if finding.free else ""


def free_within(finding: Finding, sign: str) -> str:
    """The GIL-free share and its interval."""
    found = finding.free
    return f"{found.median:.2f} {sign}{found.half_width:.2f}" if found else ""


def ceiling(finding: Finding) -> str:
    """The ceiling: "none" from 100 on, empty where there is no share."""
    if finding.ceiling is None:
        return ""
    value = finding.ceiling.value
    return "none" if value >= 100 else f"{value:.{2 if value < 10 else 1}f}"


def verdict(finding: Finding) -> str:
    """The mark of the judgement, and what threads do."""
    return f"{MARKS[finding.judgement]} {VERDICTS[finding.verdict]}"


def measured(finding: SeriesFinding, sign: str) -> str:
    """A series' median, its interval and its unit."""
    if finding.estimate is None:
        return "nothing"
    middle, half = finding.estimate.median, finding.estimate.half_width
    if finding.series.unit == "s":
        return f"{duration(middle)} {sign}{duration(half)}"
    return f"{middle:.3g} {sign}{half:.2g} {finding.series.unit}".rstrip()


def claim(finding: SeriesFinding) -> str:
    """The mark of the judgement, the claim, and why it is open, if it is."""
    text = f"{MARKS[finding.judgement]} {finding.series.claim}"
    if finding.reason:
        text += f": {finding.judgement}, {finding.reason}"
    return text


def notes(findings: Sequence[Finding]) -> list[tuple[str, Judgement]]:
    """What needs a reason, with the judgement that it is the reason of."""
    return [
        *((_note(found), found.judgement) for found in findings if _is_open(found)),
        *(note for found in findings for note in _ceiling_notes(found)),
    ]


def _is_open(finding: Finding) -> bool:
    return finding.judgement in OPEN


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
    held = [gains(it.findings, "held", bound) for bound in bounds]
    released = [gains(it.findings, "released", bound) for bound in bounds]
    if not any(held) and not any(released):
        if set(bounds) < set(Bound):
            return finding(it)
        if all(found.race.threads == 1 for found in it.findings):
            return "no call was raced in two threads or more."
        return "nothing could be told here: the reasons stand with the verdicts."
    if not it.run.machine.gil:
        return (
            "this interpreter has no GIL, so there is nothing to release: "
            f"{_sentence(held, 'kept what GIL there would be')}; "
            f"{_sentence(released, 'would release it')}."
        )
    return (
        f"{_sentence(held, 'kept the GIL')}; {_sentence(released, 'released it')}. "
        f"{MORAL}"
    )


def gained(group: Gains) -> str:
    """The lowest and the highest gain of a group."""
    low, high = f"{group.lowest:.2f}x", f"{group.highest:.2f}x"
    return low if low == high else f"{low} to {high}"


def _sentence(groups: list[Gains | None], deed: str) -> str:
    known = [group for group in groups if group is not None]
    calls = sum(group.calls for group in known)
    if not calls:
        return f"of the C calls that {deed}, nothing is known"
    parts = [
        f"{gained(group)} on {group.threads} threads ({group.bound})" for group in known
    ]
    counted = "1 C call" if calls == 1 else f"{calls} C calls"
    return f"{counted} that {deed} gained {', '.join(parts)}"
