"""A race, in figures."""

import json
from dataclasses import replace

import pytest

from lab.records.race import Lap, Race, cores_in_use, starved, wall_ns
from tests.printed import found

LAPS = [Lap(0, 100, 90, 5), Lap(50, 200, 60, 0)]


def test_a_lap_has_a_core_if_it_computes() -> None:
    assert LAPS[0].wall_ns == 100
    assert LAPS[0].had_core
    assert not LAPS[1].had_core


def test_figures_of_all_threads() -> None:
    assert wall_ns(LAPS) == 200
    assert cores_in_use(LAPS) == 0.75


@pytest.mark.parametrize(
    ("starved_ns", "is_starved"), [(None, False), (41, True), (40, False), (0, False)]
)
def test_starved_in_a_tenth_of_their_time(
    starved_ns: int | None, is_starved: bool
) -> None:
    laps = [LAPS[0]._replace(starved_ns=starved_ns), LAPS[1]._replace(starved_ns=None)]
    assert starved(laps) is is_starved


def test_it_is_read_as_it_was_written() -> None:
    for race in found("whole").run.races:
        assert Race.from_json(json.loads(json.dumps(race.to_json()))) == race


@pytest.mark.parametrize(
    ("kernel", "experiment"),
    [("cache.read", "files"), ("libc.send", "sockets"), ("libc.sleep", "kernels")],
)
def test_older_formats_do_not_say_whose_it_was(kernel: str, experiment: str) -> None:
    race = replace(found("whole").run.races[0], kernel=kernel)
    plain = race.to_json()
    for name in ("shares", "experiment"):
        del plain[name]
    plain["share"] = {"gil_free": 0.5, "error": 0.1}
    read = Race.from_json(plain)
    assert read.experiment == experiment
    assert [share.gil_free for share in read.shares] == [0.5]
