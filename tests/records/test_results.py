"""What was measured survives the file; foreign files are refused in one line."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from lab.records import trace_file
from lab.records.machine import Machine
from lab.records.race import Race
from lab.records.results import (
    FORMAT,
    KEY,
    ForeignFileError,
    last,
    last_whole,
    load,
    parse,
    publish,
)
from lab.records.series import Series
from lab.records.timeline import Timeline
from tests.records.damaged import UNREADABLE, refused
from tests.records.recorded import RACE, SERIES, TIMELINE, run_file

FOLDER = Path(__file__).parents[1] / "data"


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run_file()))
    run = load(path)
    assert run.races == (RACE,)
    assert run.series == (SERIES,)
    assert run.timelines == (TIMELINE,)
    assert run.machine == Machine.here()


def test_benchmarks_of_others_are_passed_over(tmp_path: Path) -> None:
    content = run_file()
    content["benchmarks"].append({"extra_info": {}})
    path = tmp_path / "run.json"
    path.write_text(json.dumps(content))
    assert len(load(path).races) == 1


@pytest.mark.parametrize(
    "content",
    [
        *UNREADABLE,
        {"benchmarks": []},
        {KEY: {"format": FORMAT}},
        {KEY: {"format": 0, "machine": {}}, "benchmarks": []},
        {KEY: {"format": 99, "machine": {}}, "benchmarks": []},
        run_file() | {KEY: {"format": True, "machine": {}}},
        run_file(bound="nonsense"),
        run_file(rounds=[{"reference": [1], "laps": []}]),
        run_file(rounds=3),
        run_file(rounds=[]),
        run_file(rounds=[{"reference": [0, 1, 1, 0], "laps": []}]),
        run_file(rounds=[{"reference": [5, 5, 1, 0], "laps": [[0, 1, 1, 0]]}]),
        run_file(cores="2"),
        run_file(threads="2"),
        run_file(via=None),
        run_file(kernel=7),
        run_file(bound="blocking"),
        run_file(shares=[{"gil_free": float("nan"), "error": 0.1}]),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: object) -> None:
    told = refused(load, tmp_path / "foreign.json", content)
    assert told.type is ForeignFileError


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.json")))
def test_recorded_files_of_every_format_load_and_are_written_the_same(
    name: str,
) -> None:
    content = json.loads((FOLDER / name).read_text())
    if content[KEY]["format"] == 0:
        with pytest.raises(ForeignFileError, match="run the bench again"):
            parse(content, name)
        return
    run = parse(content, name)
    written = {"machine": asdict(run.machine), "format": FORMAT}
    records = [one.to_json() for one in (*run.races, *run.series, *run.timelines)]
    plain = {KEY: written, "benchmarks": [{"extra_info": {KEY: records}}]}
    again = parse(json.loads(json.dumps(plain)), name)
    assert (again.machine, again.races) == (run.machine, run.races)
    assert (again.series, again.timelines) == (run.series, run.timelines)
    records = json.loads(json.dumps(records))
    recorded = [
        record
        for benchmark in content["benchmarks"]
        for record in benchmark["extra_info"].get(KEY, ())
    ]
    for kind in (Race, Series, Timeline):
        new = [record for record in records if record["kind"] == kind.KIND]
        old = [record for record in recorded if record["kind"] == kind.KIND]
        for one, other in zip(new, old, strict=True):
            # Newer formats have fields more, none of them any other value.
            assert one == _with_newer(other, one)
            if content[KEY]["format"] == FORMAT:
                assert list(one) == list(other)


def _with_newer(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {**new, **old}
    if "share" in both:
        share = both.pop("share")
        both["shares"] = [share] if share else []
    if "rounds" in both:
        both["rounds"] = [{"process": 0, **turn} for turn in both["rounds"]]
    if "trace" in both:
        trace = both["trace"] = {**new["trace"], **old["trace"]}
        trace["segments"] = [
            [*one[:4], *(one[4:] or [None])] for one in trace["segments"]
        ]
    return both


def test_format_1_still_reads(tmp_path: Path) -> None:
    content = run_file()
    content[KEY]["format"] = 1
    records = content["benchmarks"][0]["extra_info"][KEY]
    del records[2]
    race, series = records
    for name in ("shares", "source", "size", "worth", "experiment"):
        del race[name]
    for turn in race["rounds"]:
        del turn["process"]
    for name in ("error", "figure", "at", "processes"):
        del series[name]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    (old,) = load(path).races
    assert old == replace(RACE, shares=(), source="")


def test_publish_keeps_traces(tmp_path: Path) -> None:
    kept = publish(_text(), tmp_path / "results", "run", (TIMELINE,))
    assert trace_file.load(kept.with_suffix("") / "k-held.json") == TIMELINE.trace


def _text(part: str = "") -> str:
    content = run_file()
    content[KEY]["part"] = part
    return json.dumps(content)


def test_publish_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    first = publish(_text() + " ", folder, "run")
    second = publish(_text() + "  ", folder, "run")
    assert (first.read_text(), second.read_text()) == (_text() + " ", _text() + "  ")
    assert (folder / "latest.json").read_text() == second.read_text()
    assert sorted(path.name for path in folder.iterdir()) == [
        "latest.json",
        "run-2.json",
        "run.json",
    ]


@pytest.mark.parametrize("text", [_text("-k mandelbrot"), "{}", "[]", "damaged"])
def test_only_a_whole_run_is_the_latest(tmp_path: Path, text: str) -> None:
    publish(text, tmp_path, "before")
    assert last_whole(tmp_path) is None
    publish(_text(), tmp_path, "whole")
    publish(text, tmp_path, "after")
    found = last_whole(tmp_path)
    assert found is not None
    assert found.read_text() == _text()


def test_the_last_run_by_its_name(tmp_path: Path) -> None:
    assert last(tmp_path) is None
    names = [
        "2026-01-31T23-59-59",
        *("2026-01-31T23-59-59-2", "2026-01-31T23-59-59-10"),
        "2026-02-01T00-00-00",
    ]
    for name in reversed(names):  # not by the time of the files
        (tmp_path / f"{name}.json").write_text(_text(name))
    (tmp_path / "calibration-2027-01-01T00-00-00.json").write_text(_text())
    (tmp_path / "2027-01-01T00-00-00.json").write_text("damaged")
    for name in reversed(names):
        path = tmp_path / f"{name}.json"
        found = last(tmp_path)
        assert found is not None
        assert (found[0], found[1].part) == (path, name)
        path.unlink()
