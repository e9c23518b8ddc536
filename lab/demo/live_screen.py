"""The screen of a play while it runs: for each thread a heartbeat and its progress."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from lab.demo.acts import Act
from lab.demo.heartbeat import Beat, beats
from lab.demo.runner import SceneView
from lab.demo.symbols import STYLES, Marks

# One mark is at least so long; a scene that outgrows the line draws them longer.
COMPUTE_SLICE_S, WAIT_SLICE_S = 0.06, 0.1
LABEL, BAR = 11, 10
# With more lanes than this no beat rises a second row, so that all fit 24 rows.
TALL_LANES = 4


def live(
    act: Act, views: Sequence[SceneView], marks: Marks, width: int, note: str
) -> RenderableType:
    """All scenes so far, one scale of time for all, and a note below."""
    lines = [Text(f"Act {act.number}: {act.title}", style="bold"), Text()]
    cells = max(10, width - LABEL - BAR - 9)
    waits = any(view.alone_s is None for view in views)
    longest_s = max((view.elapsed_s for view in views), default=0.0)
    slice_s = max(WAIT_SLICE_S if waits else COMPUTE_SLICE_S, longest_s / cells)
    tall = sum(scene.threads for scene in act.scenes) <= TALL_LANES
    for view in views:
        lines += _scene(view, marks, cells, slice_s, tall)
        lines.append(Text())
    lines.append(_legend(marks, waits))
    lines += [Text(), Text(note, style="bold")]
    for line in lines:
        line.no_wrap = True
        line.overflow = "crop"
    return Group(*lines)


def _scene(
    view: SceneView, marks: Marks, cells: int, slice_s: float, tall: bool
) -> list[Text]:
    took_s = view.elapsed_s if view.wall_s is None else view.wall_s
    over = "" if view.wall_s is None else "  done"
    title = f"{view.scene.title}:".ljust(LABEL + 16)
    lines = [Text.assemble((title, ""), (f"{took_s:5.1f} s{over}", "bold"))]
    for lane in range(view.scene.threads):
        line = beats(view.glances, lane, view.alone_s, slice_s)[-cells:]
        label = f"  thread {lane + 1}".ljust(LABEL)
        if tall:
            rise = {**dict.fromkeys(Beat, " "), Beat.RUNS: marks.beats[Beat.RUNS]}
            lines.append(Text(" " * LABEL) + _beats(line, rise))
        row = _beats(line, marks.beats)
        row.pad_right(cells - len(line))
        lines.append(Text(label) + row + _progress(view, lane, marks))
    return lines


def _beats(line: Sequence[Beat], signs: dict[Beat, str]) -> Text:
    text = Text()
    for beat in line:
        text.append(signs[beat], style=STYLES[beat])
    return text


def _progress(view: SceneView, lane: int, marks: Marks) -> Text:
    if not view.glances:
        return Text()
    now = view.glances[-1].lanes[lane]
    if view.alone_s is None:
        word = "done" if now.done >= 1 else "in the call" if now.inside else "waits"
        return Text(f"  {word}")
    full = int(now.done * BAR)
    bar = marks.full * full + marks.empty * (BAR - full)
    return Text(f"  {bar} {now.done:4.0%}")


def _legend(marks: Marks, waits: bool) -> Text:
    words = {Beat.RUNS: "full speed", Beat.SLOW: "slower", Beat.STILL: "stands still"}
    if waits:
        words = {Beat.RUNS: "inside the call", Beat.STILL: "waits for its turn"}
    return Text("   ").join(
        Text.assemble((marks.beats[beat], STYLES[beat]), f" {word}")
        for beat, word in words.items()
    )
