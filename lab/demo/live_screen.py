"""The screen of an act while it plays: what each thread does, and how far it is."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from lab.demo.activity import activities
from lab.demo.acts import Act
from lab.demo.runner import SceneView
from lab.demo.symbols import STYLES, Activity, Symbols

# A character stands for so long; for longer where a scene outgrows its line.
COMPUTE_SLICE_S, WAIT_SLICE_S = 0.06, 0.1
LABEL, BAR = 11, 10
# With more threads than this each has one row, not two, so that all fit 24 rows.
MOST_TALL = 4


def live(
    act: Act, views: Sequence[SceneView], symbols: Symbols, width: int, note: str
) -> RenderableType:
    """All scenes so far, one scale of time for all, and a note below."""
    lines = [Text(f"Act {act.number}: {act.title}", style="bold"), Text()]
    cells = max(10, width - LABEL - BAR - 9)
    waits = any(view.alone_s is None for view in views)
    longest_s = max((view.elapsed_s for view in views), default=0.0)
    slice_s = max(WAIT_SLICE_S if waits else COMPUTE_SLICE_S, longest_s / cells)
    tall = sum(scene.threads for scene in act.scenes) <= MOST_TALL
    for view in views:
        lines += _scene(view, symbols, cells, slice_s, tall)
        lines.append(Text())
    lines.append(_legend(symbols, waits))
    lines += [Text(), Text(note, style="bold")]
    for line in lines:
        line.no_wrap = True
        line.overflow = "crop"
    return Group(*lines)


def _scene(
    view: SceneView, symbols: Symbols, cells: int, slice_s: float, tall: bool
) -> list[Text]:
    took_s = view.elapsed_s if view.wall_s is None else view.wall_s
    over = "" if view.wall_s is None else "  done"
    title = f"{view.scene.title}:".ljust(LABEL + 16)
    lines = [Text.assemble((title, ""), (f"{took_s:5.1f} s{over}", "bold"))]
    for thread in range(view.scene.threads):
        line = activities(view.snapshots, thread, view.alone_s, slice_s)[-cells:]
        label = f"  thread {thread + 1}".ljust(LABEL)
        if tall:
            rise = {
                **dict.fromkeys(Activity, " "),
                Activity.RUNS: symbols.activities[Activity.RUNS],
            }
            lines.append(Text(" " * LABEL) + _activities(line, rise))
        row = _activities(line, symbols.activities)
        row.pad_right(cells - len(line))
        lines.append(Text(label) + row + _progress(view, thread, symbols))
    return lines


def _activities(line: Sequence[Activity], signs: dict[Activity, str]) -> Text:
    text = Text()
    for activity in line:
        text.append(signs[activity], style=STYLES[activity])
    return text


def _progress(view: SceneView, thread: int, symbols: Symbols) -> Text:
    if not view.snapshots:
        return Text()
    now = view.snapshots[-1].threads[thread]
    if view.alone_s is None:
        word = "done" if now.done >= 1 else "in the call" if now.inside else "waits"
        return Text(f"  {word}")
    full = int(now.done * BAR)
    bar = symbols.full * full + symbols.empty * (BAR - full)
    return Text(f"  {bar} {now.done:4.0%}")


def _legend(symbols: Symbols, waits: bool) -> Text:
    words = {
        Activity.RUNS: "full speed",
        Activity.SLOW: "slower",
        Activity.STILL: "stands still",
    }
    if waits:
        words = {Activity.RUNS: "inside the call", Activity.STILL: "waits for its turn"}
    return Text("   ").join(
        Text.assemble((symbols.activities[activity], STYLES[activity]), f" {word}")
        for activity, word in words.items()
    )
