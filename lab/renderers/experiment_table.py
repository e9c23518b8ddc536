"""A row an experiment: what it shows, its headline figure, its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from lab.records.race import Bound
from lab.renderers import wording
from lab.renderers.console import plus_minus, table
from lab.renderers.palette import COLOURS
from lab.verdicts.finding import Judgement
from lab.verdicts.run import Experiment, at_the_most_threads


@dataclass(frozen=True)
class Shown:
    """What is shown of an experiment."""

    text: str
    """What it shows, in a few words."""
    subject: str = ""
    """Of the figure in its headline."""
    headline: str = ""
    """Its headline, around that figure; else the end of the subject says it."""


# An experiment that is not listed shows how many of its claims came out. A "lag" is a
# latency: results that were kept name it so.
SHOWN = {
    "asyncio": Shown(
        "a held call stops the event loop",
        "held in to_thread: largest lag",
        "it stands still {}",
    ),
    "block-unblock": Shown(
        "released C may report, not too often", "a report every 1 ms: cores in use"
    ),
    "break-even": Shown(
        "a short call is not worth a release", "releasing pays from", "pays from {}"
    ),
    "caution": Shown("released threads must guard data", "released, careless: lost"),
    "contention": Shown(
        "threads want what one of them holds",
        "4 threads of bytecode: wait for each second held",
        "wait / held time: {}",
    ),
    "deadlock": Shown("a held wait for a thread never ends", "held read: ended"),
    "files": Shown("reading a file releases the GIL"),
    "handoff": Shown(
        "a release is quick, a hand-over slow", "release and return", "a release: {}"
    ),
    "interpreter": Shown("threads of Python take turns", "two threads: cores in use"),
    "macros": Shown("four ways to write a release are one", "with-nogil: GIL-free"),
    "own functions": Shown("every C function has its answer"),
    "responsiveness": Shown(
        "a held call stops all other threads",
        "beside held: lag, median",
        "they stand still {}",
    ),
    "sockets": Shown("sockets release while they wait"),
    "traces": Shown("two threads, drawn: see lab trace"),
}


def print_experiments(experiments: Sequence[Experiment], target: Console) -> None:
    """Print the table."""
    drawn = table("experiment", "what it shows", "measured", "as claimed")
    for one in experiments:
        drawn.add_row(
            Text(one.name),
            Text(SHOWN[one.name].text if one.name in SHOWN else ""),
            Text(headline(one, plus_minus(target))),
            Text(_verdict(one), style=COLOURS[one.judgement]),
        )
    target.print(drawn)


def headline(it: Experiment, sign: str) -> str:
    """The figure that an experiment is known by, in words."""
    shown = SHOWN.get(it.name)
    for finding in it.series:
        if shown is not None and finding.series.subject == shown.subject:
            told = shown.headline or f"{shown.subject.rpartition(': ')[2]}: {{}}"
            return told.format(wording.measured(finding, sign))
    if it.races:
        return _raced(it)
    if it.claims:
        return f"{it.count(Judgement.AS_PREDICTED)} of {it.claims} as claimed"
    return f"{len(it.series)} figures"


def _raced(it: Experiment) -> str:
    """The most that held calls gained, and the least that released ones did.

    Of calls that wait, if there are any: what they gain is up to the GIL alone.
    """
    races = at_the_most_threads(it.races)
    waiting = [one for one in races if one.race.bound is Bound.BLOCKING]
    gained = {
        twin: [
            one.speedup.median
            for one in waiting or races
            if one.race.twin == twin and one.speedup is not None
        ]
        for twin in ("held", "released")
    }
    limit = max((one.limit for one in waiting or races), default=1.0)
    parts = []
    if gained["held"]:
        parts.append(f"held {max(gained['held']):.2f}")
    if gained["released"]:
        parts.append(f"released {min(gained['released']):.2f}")
    return f"{', '.join(parts)} of {limit:g}" if parts else "nothing raced"


def _verdict(it: Experiment) -> str:
    parts = [
        f"{count} of {it.claims} {word}"
        for count, word in (
            (it.count(Judgement.CONTRADICTED), "not"),
            (it.count(Judgement.INCONCLUSIVE), "open"),
        )
        if count
    ]
    counted = ", ".join(parts) or (f"all {it.claims}" if it.claims else "none")
    return f"{wording.MARKS[it.judgement]} {counted}"
