"""What no measurement yields is refused, by its place."""

import json
import math
from typing import Any

import pytest

from lab.records.results import (
    KEY,
    ForeignFileError,
    parse,
)
from tests.records.recorded import run_file

RECORD = "benchmarks[0].extra_info.gil_lab"
FOUR = [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("number", "changes", "place"),
    [
        (0, {"threads": 10**400}, "threads"),
        (0, {"threads": 0}, "threads"),
        (0, {"threads": True}, "threads"),
        (0, {"cores": -2}, "cores"),
        (0, {"cores": 1e308}, "cores"),
        (0, {"cores": math.nan}, "cores"),
        (0, {"cores": math.inf}, "cores"),
        (0, {"gil": 1}, "gil"),
        (0, {"rounds": "round"}, "rounds"),
        (0, {"delay_s": None, "bound": "blocking"}, "delay_s"),
        (0, {"shares": [{"gil_free": 1.5, "error": 0}]}, "shares[0].gil_free"),
        (0, {"shares": [{"gil_free": 0.5, "error": -1}]}, "shares[0].error"),
        (0, {"rounds": [{"reference": FOUR, "laps": [FOUR]}]}, "rounds[0].laps"),
        (
            0,
            {"rounds": [{"reference": FOUR, "laps": [FOUR, [2, 1, 1, 0]]}]},
            "rounds[0].laps[1]",
        ),
        (
            0,
            {"rounds": [{"reference": FOUR, "laps": [FOUR, [0, 1, -1, 0]]}]},
            "rounds[0].laps[1][2]",
        ),
        (0, {"rounds": [{"reference": [3, 2, 1, 0], "laps": []}]}, "rounds[0].laps"),
        (1, {"values": [1, math.nan]}, "values[1]"),
        (1, {"values": [1, 1e300]}, "values[1]"),
        (1, {"at_least": 2, "at_most": 1}, "at_least"),
        (1, {"processes": [0]}, "processes"),
        (1, {"error": -0.1}, "error"),
        (2, {"calls": [{"thread": "a", "enter_s": 2, "leave_s": 1}]}, "calls[0]"),
        (2, {"trace": {}}, "trace"),
        (2, {"kind": "something"}, "kind"),
    ],
)
def test_what_is_impossible_is_named_by_its_place(
    number: int, changes: dict[str, Any], place: str
) -> None:
    content = run_file()
    content["benchmarks"][0]["extra_info"][KEY][number] |= changes
    with pytest.raises(ForeignFileError) as caught:
        parse(json.loads(json.dumps(content)), "run.json")
    begins = f"run.json: damaged: {RECORD}[{number}].{place}: "
    assert str(caught.value).startswith(begins)
    assert str(caught.value).isprintable()
