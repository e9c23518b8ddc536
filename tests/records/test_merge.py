"""Result files of several processes become one."""

from dataclasses import replace
from typing import Any

from lab.records.merge import merge
from lab.records.race import Race
from lab.records.results import KEY, parse
from lab.records.series import Series
from tests.verdicts.made_races import PARALLEL, made


def _content(name: str, data: list[float], *records: Race | Series) -> dict[str, Any]:
    benchmark = {
        "fullname": f"experiments/test_{name}.py::test_it",
        "stats": {"data": data, "iterations": 1, "rounds": len(data)},
        "extra_info": {KEY: [record.to_json() for record in records]},
    }
    machine = {
        "python": "3.11.7",
        "implementation": "CPython",
        "free_threaded_build": False,
        "gil": True,
        "cores": 2.0,
        "switch_interval_s": 0.005,
        "system": "Linux",
    }
    return {
        "datetime": name,
        "benchmarks": [benchmark],
        KEY: {"format": 4, "machine": machine},
    }


RACE = replace(made(PARALLEL, rounds=2), dropped=1)
SERIES = Series("e", "s", "c", "x", (1.0, 2.0), dropped=1)


def test_records_know_their_process() -> None:
    contents = [_content("a", [1.0, 2.0], RACE, SERIES) for _ in range(3)]
    run = parse(merge(contents), "merged")
    (race,), (series,) = run.races, run.series
    assert [turn.process for turn in race.rounds] == [0, 0, 1, 1, 2, 2]
    assert race.dropped == 3
    assert series.values == (1.0, 2.0) * 3
    assert series.processes == (0, 0, 1, 1, 2, 2)
    assert series.dropped == 3


def test_timings_are_put_together() -> None:
    whole = merge([_content("a", [1.0, 2.0], RACE), _content("a", [6.0], RACE)])
    (benchmark,) = whole["benchmarks"]
    assert benchmark["stats"]["data"] == [1.0, 2.0, 6.0]
    assert (benchmark["stats"]["min"], benchmark["stats"]["max"]) == (1.0, 6.0)
    assert (benchmark["stats"]["rounds"], benchmark["stats"]["median"]) == (3, 2.0)


def test_what_only_one_process_did_is_kept_with_its_file() -> None:
    only = replace(SERIES, subject="only here")
    contents = [
        _content("a", [1.0], RACE),
        _content("b", [1.0], SERIES),
        _content("a", [1.0], RACE, only),
    ]
    contents[2]["benchmarks"][0]["fullname"] += "[other]"
    whole = merge(contents)
    names = [one["fullname"] for one in whole["benchmarks"]]
    files = [name.partition("::")[0] for name in names]
    assert files == ["experiments/test_a.py"] * 2 + ["experiments/test_b.py"]
    assert {one.subject for one in parse(whole, "merged").series} == {"s", "only here"}
    assert whole["datetime"] == "a"


def test_the_parts_stay_as_they_are() -> None:
    contents = [_content("a", [1.0], RACE, SERIES) for _ in range(2)]
    before = [repr(content) for content in contents]
    merge(contents)
    assert [repr(content) for content in contents] == before
