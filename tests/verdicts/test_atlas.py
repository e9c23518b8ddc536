"""A row of the atlas, held against its claim."""

import json
import math
from dataclasses import replace

import pytest

from lab.calls.atlas_entries import Entry
from lab.records.probe import Probe, ProbeVerdict
from lab.verdicts.atlas import Row
from lab.verdicts.finding import Judgement

FOUND = Probe("held", 0.02, 0.01, 1.02, 0.1, False, 900, 3, 0.01, "scope")
HOLDS = Entry("sum(data)", "data = list(range(20_000))", "held", "a.c f")
SLEEPS = Entry("time.sleep(0.02)", "import time", "released", "b.c g")
LACKING = Entry("nothing.f()", "import no_such_module", "held", "c.c h")


@pytest.mark.parametrize(
    ("claimed", "found", "judgement"),
    [
        ("held", "held", Judgement.AS_PREDICTED),
        ("released", "released", Judgement.AS_PREDICTED),
        ("partly", "partly", Judgement.AS_PREDICTED),
        ("held", "released", Judgement.CONTRADICTED),
        ("released", "held", Judgement.CONTRADICTED),
        ("released", "partly", Judgement.INCONCLUSIVE),
        ("partly", "held", Judgement.INCONCLUSIVE),
        ("held", "inconclusive", Judgement.INCONCLUSIVE),
        ("held", "no-gil", Judgement.NO_CLAIM),
        (None, "held", Judgement.NO_CLAIM),
    ],
)
def test_judgements(
    claimed: ProbeVerdict | None, found: ProbeVerdict, judgement: Judgement
) -> None:
    row = Row(replace(HOLDS, claimed=claimed), replace(FOUND, verdict=found))
    assert row.judgement is judgement


def test_json_has_no_infinity() -> None:
    row = Row(SLEEPS, replace(FOUND, verdict="released", ceiling=math.inf))
    plain = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert plain["probe"]["ceiling"] is None
    assert (plain["judgement"], plain["source"]) == ("as predicted", "b.c g")
    assert (
        json.loads(json.dumps(Row(LACKING, None, "not here").to_json()))["probe"]
        is None
    )
