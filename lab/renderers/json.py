"""Verdicts and figures as JSON, for programs.

FORMAT is that of this report, not of the result file it is made from.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from lab.renderers import flat, wording
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


def _run(it: Judged) -> flat.Row:
    return {
        **flat.run(it),
        "contradicted": it.contradicted,
        "finding": wording.finding(it),
        "races": list(map(flat.race, it.findings)),
        "series": list(map(flat.series, it.series)),
        "failures": list(map(asdict, it.run.failures)),
    }
