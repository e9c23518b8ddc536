"""Which answer is right, by what was measured."""

import dataclasses
import json
from pathlib import Path

from lab.demo.outcome import ActFinding, PlayedAct, score
from lab.demo.runner import act
from lab.records.race import Race
from lab.verdicts.races import judge

RECORDS = Path(__file__).parents[1] / "data"


def _outcome(record: str, **changes: object) -> ActFinding:
    """Act 2, had it measured what a record of the bench says."""
    content = json.loads((RECORDS / record).read_text())
    races = [
        Race.from_json(plain)
        for benchmark in content["benchmarks"]
        for plain in benchmark["extra_info"]["gil_lab"]
    ]
    race = next(r for r in races if r.threads == 2 and r.bound == "compute")
    race = dataclasses.replace(race, **changes)  # type: ignore[arg-type]
    return ActFinding(act(2), (judge(race),), {}, "", (), ())


def test_the_right_answer_is_the_measured_one() -> None:
    """The act is the held one: it must not matter."""
    held, released = _outcome("held.json"), _outcome("released.json")
    assert (held.right, held.reason) == (1, "")
    assert (released.right, released.reason) == (2, "")


def test_what_is_open_says_why_and_does_not_count() -> None:
    held, one_core = _outcome("held.json"), _outcome("held.json", cores=1.0)
    assert one_core.right is None
    assert "one usable core" in one_core.reason
    all_played = [
        PlayedAct(held.act, 1, held),
        PlayedAct(held.act, 2, held),
        PlayedAct(held.act, None, held),
        PlayedAct(held.act, 1, one_core),
        PlayedAct(held.act, 1, None, "no FIFO here"),
    ]
    assert [played.came_true for played in all_played] == [
        True,
        False,
        None,
        None,
        None,
    ]
    assert score(all_played) == "1 of 2 predictions came true."
