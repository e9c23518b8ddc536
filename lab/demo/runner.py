"""Play an act in a child process, watch it live, and take over what it found."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from lab.demo.activity import Snapshot
from lab.demo.acts import Act, Scene, Sizes, acts
from lab.demo.outcome import ActFinding
from lab.demo.positions import Position
from lab.demo.shared_progress import CallProgress, ImageProgress, SharedProgress
from lab.errors import UsageError
from lab.records.race import Race
from lab.records.trace_file import load
from lab.system.child import end
from lab.verdicts.races import judge

# How often progress is looked at, and drawn: often enough for the eye.
TICK_S = 1 / 18
ROOT = Path(__file__).resolve().parent.parent.parent
NORMAL = Sizes()


class PlayError(RuntimeError):
    """The act could not be played on this machine; the message says why."""


def play(number: int, sizes: Sizes = NORMAL) -> ActFinding:
    """Play act `number` (1 to 5) in a child process, with nothing drawn.

    Raises UsageError for another number, PlayError where the system does not let
    the act play.
    """
    with Performance(act(number), sizes, show=False) as performance:
        for _ in performance.follow():
            pass
        return performance.outcome()


def act(number: int) -> Act:
    """The act of this number. UsageError if there is none."""
    every = acts()
    if not 1 <= number <= len(every):
        raise UsageError(f"there is no act {number}: they are 1 to {len(every)}")
    return every[number - 1]


@dataclass(slots=True)
class SceneView:
    """What has been seen of a scene so far."""

    scene: Scene
    alone_s: float | None
    """What each thread's share takes with the machine to itself; None: calls wait."""
    snapshots: list[Snapshot] = field(default_factory=list)
    elapsed_s: float = 0.0
    """Since it began, by the watcher's clock."""
    wall_s: float | None = None
    """How long it took, by its own clock, once it is over."""


class Performance:
    """One act, playing in a child process.

    with Performance(act, sizes) as p: for phase in p.follow(): draw(p.views); then
    p.outcome(). Leaving ends the child and all it started, at once. race_at_most_s:
    how long the race may take, if that can be told and is long.
    """

    def __init__(self, act: Act, sizes: Sizes = NORMAL, show: bool = True) -> None:
        self.act = act
        self.views: list[SceneView] = []
        self._sizes, self._show = sizes, "show" if show else "skip"
        self.race_at_most_s: float | None = None
        self._pending = b""
        self._shared: SharedProgress | None = None
        self._began_s = 0.0

    def __enter__(self) -> "Performance":
        with ExitStack() as leaving:
            scratch = leaving.enter_context(TemporaryDirectory(prefix="gil-lab-"))
            self._folder = Path(scratch)
            errors = leaving.enter_context(open(self._folder / "stderr", "wb"))
            self._child = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,  # python -m finds lab there
                # What it leaves behind when it is killed goes with the folder.
                env={**os.environ, "TMPDIR": scratch},
                process_group=0,
            )
            leaving.enter_context(self._child)
            leaving.callback(end, self._child, grace_s=0)
            self._leaving = leaving.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    def follow(self) -> Iterator[Literal["scene", "measuring"]]:
        """What goes on, every TICK_S while there is something to see.

        "measuring" comes once: whoever draws must leave the machine alone then.
        Raises PlayError.
        """
        assert self._child.stdout is not None
        pipe = self._child.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                wait_s = None if self._shared is None else TICK_S
                told = self._told(pipe) if selector.select(wait_s) else []
                for event in told:
                    if event["event"] == "over":
                        return
                    self._note(event)
                    if event["event"] == "measuring":
                        self.race_at_most_s = event["at_most_s"]
                        yield "measuring"
                if self._shared is not None:
                    self._take_snapshot(self._shared)
                    yield "scene"

    def outcome(self) -> ActFinding:
        """What was found, once follow() has ended."""
        result = json.loads((self._folder / "result.json").read_text("utf-8"))
        return ActFinding(
            act=self.act,
            findings=tuple(judge(Race.from_json(race)) for race in result["races"]),
            traces={
                name: load(self._folder / f"{name}.trace") for name in result["traces"]
            },
            no_scope=result["no_scope"],
            positions=tuple(Position(**position) for position in result["positions"]),
            cuts=self.act.cuts(),
        )

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "lab.demo.child", str(self._folder)),
            *(str(self.act.number), self._show),
            *(repr(self._sizes.call_s), repr(self._sizes.wait_s)),
        ]

    def _told(self, pipe: int) -> list[dict[str, Any]]:
        """What the child has told since; PlayError if it is gone."""
        data = os.read(pipe, 65536)
        if not data:
            raise PlayError(self._last_words())
        *lines, self._pending = (self._pending + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _last_words(self) -> str:
        code = self._child.wait()
        if code == -signal.SIGALRM:
            return "it took too long"
        lines = (self._folder / "stderr").read_text("utf-8", "replace").splitlines()
        return lines[-1] if lines else f"it ended with code {code}"

    def _note(self, event: dict[str, Any]) -> None:
        if event["event"] == "failed":
            raise PlayError(event["reason"])
        if event["event"] == "scene":
            scene = self.act.scenes[event["place"]]
            file = self._folder / f"scene-{event['place']}"
            waits = event["alone_s"] is None
            shared = CallProgress if waits else ImageProgress
            self._shared = shared.open(file, scene.threads)
            self._began_s = time.monotonic()
            self.views.append(SceneView(scene, event["alone_s"]))
        elif event["event"] == "end":
            if self._shared is not None:
                self._take_snapshot(self._shared)
            self.views[-1].wall_s = event["wall_s"]
            self._shared = None

    def _take_snapshot(self, shared: SharedProgress) -> None:
        view = self.views[-1]
        view.elapsed_s = time.monotonic() - self._began_s
        view.snapshots.append(Snapshot(view.elapsed_s, shared.threads()))
