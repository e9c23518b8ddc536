"""The picture: a point a race, none where no call can be."""

from dataclasses import replace

import pytest

pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")

from lab.renderers.ceiling_chart import free_share, has_place, picture
from lab.verdicts.finding import Finding, Verdict
from lab.verdicts.run import Judged
from tests.printed import found


def _crowds(name: str) -> list[list[Finding]]:
    """Races that share a picture, each nine times."""
    groups: dict[tuple[int, float], list[Finding]] = {}
    for one in filter(has_place, found(name).findings):
        for copy in range(9):
            race = replace(one.race, kernel=f"{one.race.kernel} {copy}")
            key = one.race.threads, one.limit
            groups.setdefault(key, []).append(replace(one, race=race))
    return list(groups.values())


@pytest.mark.parametrize("record", ["whole", "simulated_64_cores", "simulated_smt"])
def test_a_point_is_where_a_call_can_be(record: str) -> None:
    """On the axis, and moved to no side of the ceiling that it is not on."""
    for crowd in _crowds(record):
        chart = picture(crowd, sorted({one.race.via for one in crowd}))
        ceiling, *_, points = (
            chart["datasets"][layer["data"]["name"]] for layer in chart["layer"]
        )
        limit = max(at["speedup"] for at in ceiling)
        assert limit == crowd[0].limit
        assert len(points) == len(crowd)
        for point in points:
            assert 0 <= point["across"] <= 1
            drawn, true = (
                min(limit, 1 / max(1 - point[key], 1e-9)) for key in ("across", "free")
            )
            if point["speedup"] <= true:
                assert point["speedup"] <= drawn * 1.001
        places = {(point["across"], point["speedup"]) for point in points}
        assert len(places) > len(points) / 9


def test_what_is_open_or_has_no_share_is_no_point(whole: Judged, free: Judged) -> None:
    race = next(filter(has_place, whole.findings))
    assert not has_place(replace(race, verdict=Verdict.INCONCLUSIVE))
    assert not has_place(replace(race, verdict=Verdict.SINGLE))
    assert not has_place(replace(race, free=None))
    without = next(one for one in free.findings if not one.race.gil)
    assert free_share(replace(without, free=None)) == 1  # nobody holds it, ever
