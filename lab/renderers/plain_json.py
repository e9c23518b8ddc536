"""Verdicts and figures as JSON, for programs.

FORMAT is that of this report, not of the result file it is made from.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from lab.renderers import plain, words
from lab.summary import Judged

FORMAT = 1


def render(runs: Sequence[Judged]) -> str:
    """One object: a list of runs, each with its races, series and finding."""
    content = {
        "kind": "gil-lab report",
        "format": FORMAT,
        "runs": list(map(_run, runs)),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _run(it: Judged) -> plain.Row:
    return {
        **plain.run(it),
        "contradicted": it.contradicted,
        "finding": words.finding(it),
        "races": list(map(plain.race, it.findings)),
        "series": list(map(plain.series, it.series)),
        "failures": list(map(asdict, it.run.failures)),
    }
