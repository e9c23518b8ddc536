"""Verdicts and figures as JSON, for programs.

FORMAT is that of this report, not of the result file it is made from.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from lab.renderers import columns, wording
from lab.verdicts.run import Judged

FORMAT = 1


def render(runs: Sequence[Judged]) -> str:
    """One object: a list of runs, each with its races, series and finding."""
    content = {
        "kind": "gil-lab report",
        "format": FORMAT,
        "runs": list(map(_run, runs)),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _run(it: Judged) -> columns.Data:
    return {
        **columns.run(it),
        "contradicted": it.contradicted,
        "finding": wording.finding(it),
        "races": [columns.data(columns.RACE, one) for one in it.findings],
        "series": [columns.data(columns.SERIES, one) for one in it.series],
        "failures": list(map(asdict, it.run.failures)),
    }
