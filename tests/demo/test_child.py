"""The process that plays an act: what it tells, and what it leaves in its folder."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.demo import child
from lab.demo.acts import Sizes, acts
from lab.demo.child import RESULT, Player
from lab.instruments.scope import unavailable
from lab.records.race import Race
from lab.records.trace_file import load

SMALL = Sizes(call_s=0.05, wait_s=0.05)


def _told(capsys: pytest.CaptureFixture[str]) -> Iterator[dict[str, Any]]:
    return map(json.loads, capsys.readouterr().out.splitlines())


def test_scenes_then_the_race_then_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    act = acts()[4]
    Player(act, SMALL, tmp_path).play(show=True)
    events = list(_told(capsys))
    shown = [
        (name, place) for place in range(len(act.scenes)) for name in ("scene", "end")
    ]
    assert [(one["event"], one.get("place")) for one in events] == [
        *shown,
        ("measuring", None),
        ("over", None),
    ]
    assert events[-2]["at_most_s"] > SMALL.wait_s
    result = json.loads((tmp_path / RESULT).read_text())
    races = [Race.from_json(plain) for plain in result["races"]]
    assert [race.twin for race in races] == list(act.twins)
    assert all(len(race.rounds) == child.ROUNDS for race in races)
    assert {one["function"] for one in result["positions"]} <= {"read_bytes", "open"}
    assert result["no_scope"] == (unavailable() or "")
    for name in result["traces"]:
        assert load(tmp_path / f"{name}.trace").duration_s >= SMALL.wait_s


def test_what_the_system_does_not_let_it_play_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signal, "alarm", lambda _: 0)
    missing = tmp_path / "not there"
    assert child.main([str(missing), "5", "show", "0.05", "0.05"]) == 1
    (told,) = _told(capsys)
    assert told["event"] == "failed"
    assert str(missing) in told["reason"]


def test_it_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a signal of the system's, though a thread may hold the GIL for ever."""
    asked: list[int] = []
    monkeypatch.setattr(signal, "alarm", asked.append)
    monkeypatch.setattr(Player, "play", lambda *_: None)
    assert child.main([str(tmp_path), "1", "skip", "1.0", "1.0"]) == 0
    assert asked == [child.HARD_END_S]
