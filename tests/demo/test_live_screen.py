"""The screen of an act while it plays."""

import pytest
from rich.console import Console

from lab.demo.activity import Snapshot
from lab.demo.acts import Act, acts
from lab.demo.live_screen import BAR, live
from lab.demo.runner import SceneView
from lab.demo.shared_progress import ThreadProgress
from lab.demo.symbols import ASCII, BLOCKS, Symbols

COLUMNS = 80


def _view(act: Act, place: int, *done: float, at_s: float, over: bool) -> SceneView:
    """A scene whose threads have all come as far as this, at an even speed."""
    scene = act.scenes[place]
    waits = act.kernel == "Path.read_bytes" or act.threads == 4
    view = SceneView(scene, None if waits else 1.0, elapsed_s=at_s)
    for step in range(1, 21):
        part = step / 20
        threads = tuple(
            ThreadProgress(float(end * part) if not waits else float(part == 1), True)
            for end in (done * scene.threads)[: scene.threads]
        )
        view.snapshots.append(Snapshot(at_s * part, threads))
    view.wall_s = at_s if over else None
    return view


def _lines(act: Act, *views: SceneView, symbols: Symbols = ASCII) -> list[str]:
    console = Console(width=COLUMNS, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(live(act, views, symbols, COLUMNS, "the note"))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_each_thread_has_a_strip_and_a_bar() -> None:
    act = acts()[0]
    both = _view(act, 1, 0.5, 0.25, at_s=0.6, over=False)
    lines = _lines(act, _view(act, 0, 1.0, at_s=1.0, over=True), both)
    assert lines[0] == f"Act {act.number}: {act.title}"
    assert lines[-1] == "the note"
    heads = [line for line in lines if line.startswith("one thread, both")]
    assert heads[0].endswith("1.0 s  done")
    rows = [line for line in lines if line.startswith("  thread ")]
    assert [row.split()[1] for row in rows] == ["1", "1", "2"]
    assert [row.split()[-1] for row in rows] == ["100%", "50%", "25%"]
    assert [row.split()[-2].count("#") for row in rows] == [BAR, BAR // 2, BAR // 4]
    # Half of its work in 0.6 s of the 1.0 s that it takes alone: full speed.
    strips = [row.removeprefix(row[:10]).split()[0] for row in rows[1:]]
    assert set(strips[0]) <= {"#"}
    assert set(strips[1]) <= {"="}


def test_a_call_that_waits_has_no_speed() -> None:
    act = acts()[4]
    lines = _lines(act, _view(act, 1, 0.0, at_s=0.5, over=False))
    text = "\n".join(lines)
    assert "in the call" in text or "done" in text
    assert "%" not in text
    assert "waits for its turn" in text


@pytest.mark.parametrize("act", acts(), ids=lambda act: f"act {act.number}")
@pytest.mark.parametrize("symbols", [BLOCKS, ASCII], ids=["blocks", "ascii"])
def test_it_fits_a_terminal(act: Act, symbols: Symbols) -> None:
    views = [
        _view(act, place, 0.5, at_s=100.0, over=True)
        for place in range(len(act.scenes))
    ]
    lines = _lines(act, *views, symbols=symbols)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= COLUMNS


def test_before_anything_is_seen_there_is_the_legend() -> None:
    lines = _lines(acts()[0])
    assert "full speed" in "".join(lines)
    assert not any(line.startswith("  thread") for line in lines)
