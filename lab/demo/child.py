"""The child process that plays an act: python -m lab.demo.child.

It tells on stdout, a line of JSON each, what happens; how far each thread is can be
read in a file (lab.demo.shared_progress). First the scenes, to be watched; then the
race that is believed, undisturbed; then traces. Records go to a file.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lab.calls.kernel import Call, Kernel, Twin
from lab.catalogue import catalogue
from lab.constructions.blocking import whole_fifo
from lab.demo.acts import Act, Scene, Sizes, acts
from lab.demo.positions import Position, positions
from lab.demo.shared_progress import AFTER, INSIDE, CallProgress, ImageProgress, States
from lab.instruments.pilot import sized
from lab.instruments.race import RACER, Crew, lap, measure
from lab.instruments.scope import Scope, unavailable
from lab.instruments.switch_interval import NEVER_S, switch_interval
from lab.records.race import Bound, Claim, wall_ns
from lab.records.trace import Trace

# A play that lasts so long is ended by the system, even if it holds the GIL.
HARD_END_S = 90
# Between the last thing told and the race: whoever draws it is done by then.
HUSH_S = 0.15
# Of calls that wait for a second: a class has seen them wait already.
ROUNDS = 2
# Images to be watched: bytecode takes some 60 times as long for a pixel.
SIDES = {"bytecode": 60, "Cython": 400}
CALIBRATION = 250  # iterations
# A scene that waits is traced as it is played; nothing in it is shorter than this.
SLEEPY_INTERVAL_S = 0.5e-3
# The others are traced in calls of their own, a few a thread, as the system takes a
# while to spread threads over cores; often enough for the eye, at little cost.
TRACED_CALLS, TRACED_INTERVAL_S = 3, 1e-4

RESULT = "result.json"


class Player:
    """Plays one act; everything it writes goes to the folder."""

    def __init__(self, act: Act, sizes: Sizes, folder: Path) -> None:
        self._act, self._sizes, self._folder = act, sizes, folder
        self._kernel = _kernel(act, sizes)
        self._work: dict[str, int] = {}
        self._traces: dict[str, Trace] = {}
        self._positions: tuple[Position, ...] = ()

    def play(self, show: bool) -> None:
        """Scenes (to be watched; only where they are evidence too, if not show),
        then the race, then what traces are still missing."""
        blocking = self._kernel.bound is Bound.BLOCKING
        for place, scene in enumerate(self._act.scenes):
            if blocking and (show or scene.threads > 1):
                self._wait(place, scene)
            elif show and not blocking:
                self._compute(place, scene)
        _tell("measuring", at_most_s=self._longest_race_s())
        time.sleep(HUSH_S)
        # Calls of the length that a race wants on this processor.
        twins = {
            name: sized(self._kernel, self._kernel.twin(name), self._work)[0]
            for name in self._act.twins
        }
        races = [
            measure(self._kernel, twin, self._act.threads, _repeat)
            for twin in twins.values()
        ]
        if not blocking and unavailable() is None:
            for name, twin in twins.items():
                with twin.workload(self._act.threads) as calls:
                    self._traces[name] = self._traced(calls)
        for name, trace in self._traces.items():
            trace.save(self._folder / f"{name}.trace")
        result = {
            "races": [race.to_json() for race in races],
            "traces": list(self._traces),
            "no_scope": unavailable() or "",
            "positions": [asdict(position) for position in self._positions],
        }
        (self._folder / RESULT).write_text(json.dumps(result), encoding="utf-8")
        _tell("over")

    def _longest_race_s(self) -> float | None:
        """If all calls wait for each other; None where calls are short."""
        if self._kernel.delay_s is None:
            return None
        rounds = self._kernel.rounds * len(self._act.twins)
        return rounds * (1 + self._act.threads) * self._kernel.delay_s

    def _compute(self, place: int, scene: Scene) -> None:
        """A scene whose calls write images, all in one file."""
        twin = self._kernel.twin(scene.twin)
        assert twin.function is not None
        side, share = SIDES[twin.via], self._act.threads // scene.threads
        image = np.zeros((side, side), np.int32)
        trial = Call(partial(twin.function, image, CALIBRATION))
        alone_s = min(lap(trial).wall_ns for _ in range(3)) / 1e9
        # Pixels in the set cost every iteration, the others what they did here.
        limit = max(CALIBRATION, round(CALIBRATION * self._sizes.call_s / alone_s))
        work = np.where(image == CALIBRATION, limit, image) + 1
        call_s = alone_s * float(work.sum() / (image + 1).sum())
        file = self._folder / f"scene-{place}"
        shared = ImageProgress.create(file, scene.threads, np.tile(work, (share, 1)))
        calls = [
            _one_by_one(
                [partial(twin.function, part, limit) for part in np.split(whole, share)]
            )
            for whole in shared.images
        ]
        with Crew(calls) as crew:
            _tell("scene", place=place, alone_s=share * call_s)
            crew.go()
        _tell("end", place=place, wall_s=wall_ns(crew.laps()) / 1e9)

    def _wait(self, place: int, scene: Scene) -> None:
        """A scene whose calls wait, each with its state in one file."""
        shared = CallProgress.create(self._folder / f"scene-{place}", scene.threads)
        share = self._act.threads // scene.threads
        # No thread is to lose the GIL between its call and the state that tells of it.
        with self._kernel.twin(scene.twin).workload(self._act.threads) as all_calls:
            threads = [
                _noted(all_calls[first : first + share], shared.states, first // share)
                for first in range(0, self._act.threads, share)
            ]
            scoped = scene.threads > 1 and unavailable() is None
            positioned = self._act.descent and scene.threads > 1
            with switch_interval(NEVER_S), Crew(threads) as crew:
                if positioned:
                    observer = threading.Thread(target=self._note_positions)
                    observer.start()
                _tell("scene", place=place, alone_s=None)
                with Scope(SLEEPY_INTERVAL_S) if scoped else nullcontext() as scope:
                    crew.go()
                if positioned:
                    observer.join()
        if scope is not None:
            self._traces[scene.twin] = scope.trace
        _tell("end", place=place, wall_s=wall_ns(crew.laps()) / 1e9)

    def _note_positions(self) -> None:
        """See where the racers are, halfway through their calls."""
        time.sleep(self._sizes.wait_s / 2)
        racers = [each for each in threading.enumerate() if each.name.startswith(RACER)]
        self._positions = positions(racers)

    def _traced(self, calls: Sequence[Call]) -> Trace:
        several = [_one_by_one([call.run] * TRACED_CALLS) for call in calls]
        with Crew(several) as crew, Scope(TRACED_INTERVAL_S) as scope:
            crew.go()
        crew.laps()  # raises what a call raised
        return scope.trace


def _kernel(act: Act, sizes: Sizes) -> Kernel:
    if act.kernel != "Path.read_bytes":
        kernel = next(each for each in catalogue() if each.name == act.kernel)
        blocking = kernel.bound is Bound.BLOCKING
        return replace(kernel, rounds=ROUNDS) if blocking else kernel
    workload = whole_fifo(_read_bytes, 1.05 * sizes.wait_s)
    twin = Twin("released", "Python", workload, Claim.HELPS)
    source = "Python/fileutils.c _Py_read, from Modules/_io/fileio.c"
    return Kernel(
        act.kernel,
        Bound.BLOCKING,
        twins=(twin,),
        rounds=ROUNDS,
        delay_s=sizes.wait_s,
        source=source,
    )


def _read_bytes(path: Path) -> Callable[[], object]:
    return partial(Path.read_bytes, path)


def _one_by_one(runs: Sequence[Callable[[], object]]) -> Call:
    """One call that makes these."""

    def run() -> None:
        for one in runs:
            one()

    return Call(run)


def _noted(calls: Sequence[Call], states: States, thread: int) -> Call:
    """One call that makes these, one after the other, and notes when it is inside."""

    def run() -> None:
        for call in calls:
            if call.before is not None:
                call.before()
            states[thread] = INSIDE
            value = call.run()
            if call is calls[-1]:
                states[thread] = AFTER
            if call.check is not None:
                call.check(value)

    return Call(run)


def _repeat(race: Callable[[], None], prepare: Callable[[], None], rounds: int) -> None:
    for _ in range(rounds):
        prepare()
        race()


def _tell(event: str, **details: Any) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


def main(arguments: Sequence[str]) -> int:
    """FOLDER ACT SHOW CALL_S WAIT_S; 1 where the system does not let the act play."""
    signal.alarm(HARD_END_S)
    folder, number, show, call_s, wait_s = arguments
    act = acts()[int(number) - 1]
    try:
        player = Player(act, Sizes(float(call_s), float(wait_s)), Path(folder))
        player.play(show == "show")
    except OSError as error:  # no FIFO, no room on the disk, no peer
        _tell("failed", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
