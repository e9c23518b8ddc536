"""One process of a run of the user's own kernels: python -m lab.commands.own_child.

It is started as the processes of the bench are (BenchChild), and tells the same events.
The first process imports, tries each twin and compares them; all of them race.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.calls.agreement import IncomparableError, short
from lab.calls.compiled import CompileError
from lab.calls.own import ALONE, ArgumentsError, Own, found, loaded, made_by, pair
from lab.commands.own_failures import NotRacedError, place, reason
from lab.constructions.own_twins import (
    CallPlan,
    arguments,
    difference,
    outcome,
    raceable,
    tried,
)
from lab.constructions.timelines import CALLS, timeline
from lab.instruments.probe import probe
from lab.instruments.race import measure, thread_counts
from lab.instruments.scope import unavailable
from lab.records import results
from lab.system.reporting import START_S, TOLD, ChildReporter

# pytest's exit code where there was nothing to run.
NOTHING = 5
# Rounds in one process, or of long calls.
ROUNDS, FEW_ROUNDS, LONG_S = 3, 2, 0.2

Item = tuple[Own, str]


@dataclass
class Child:
    """The process: what it was told, and what it has found out."""

    told: argparse.Namespace
    """The options and the target."""
    reporter: ChildReporter
    """To it goes what happens."""
    known: dict[str, int]
    """What this run has found out so far, a number by name (see `_plan`)."""
    left_out: frozenset[str]
    """What failed before, and is not tried again."""
    _done: int = 0
    _total: int = 1
    _raced: int = 0
    _outcomes: dict[tuple[str, int], Any] = field(default_factory=dict)

    def run(self) -> int:
        """The exit code."""
        target = self.told.target
        label = os.path.basename(target) if os.path.isabs(target) else target
        label = label or " ".join(self.told.pair)
        if label in self.left_out:
            return NOTHING
        kernels: list[Own] = []
        name = f"compiling {label}" if label.endswith(".pyx") else f"importing {label}"
        with self._step(name, label):
            self.reporter.expect(START_S)
            kernels = self._kernels()
            if not kernels:
                raise NotRacedError("no function in it whose name has no _ before it")
        if not kernels:
            return NOTHING
        kernels = self._known_arguments(kernels)
        items = [(own, twin) for own in kernels for twin in own.functions]
        first = self.told.place == 0
        self._total = 1 + len(items) * (2 if first else 1)
        content = {results.KEY: results.heading(unavailable() or ""), "benchmarks": []}
        self.reporter.tell("begin", content=content)
        for own, twin in items if first else ():
            self._try(own, twin)
        for own, twin in items:
            self._race(own, twin)
        return 0 if self._raced else NOTHING

    def _kernels(self) -> list[Own]:
        if self.told.pair:
            held, released = self.told.pair
            return [pair(held, released, self.told.args)]
        module, note = loaded(self.told.target, self.reporter.expect)
        if note:
            self.reporter.tell("note", text=note)
        return found(module)

    def _known_arguments(self, kernels: Sequence[Own]) -> list[Own]:
        """Those whose calls can be made. Twins are there to be raced: it is a failure
        when they cannot; any other function may just stand in the same file."""
        alone = [own for own in kernels if own.unknown and ALONE in own.functions]
        if alone:
            names = ", ".join(f"{own.name}({own.unknown})" for own in alone)
            text = f"left out, as their arguments are unknown: {names}; NAME_args() "
            self.reporter.tell("note", text=f"{text}would return those of NAME")
        for own in kernels:
            if own.unknown and ALONE not in own.functions and self.told.place == 0:
                wanted = f"{own.name}_args() must return a tuple of them"
                if self.told.pair:
                    wanted = "--args 'A, B' tells them"
                reason = f"no arguments for ({own.unknown}): {wanted}"
                told = {"subject": own.name, "experiment": "", "place": ""}
                self.reporter.tell("failed", own.name, reason=reason, **told)
        return [own for own in kernels if not own.unknown]

    def _try(self, own: Own, twin: str) -> None:
        """Find out how a twin is raced, and whether it does what the first one does."""
        name, text = f"{own.name} {twin}", f"{own.name}: {twin} is tried"
        if {name, text} & self.left_out or self._plan(own, twin):
            self._done += 1
            return
        with self._step(text, name, own.functions[twin]):
            function = own.functions[twin]
            like = f"{own.name} {made_by(function)} size"
            plan = tried(own, twin, self.known.get(like, 0), self._before)
            self._compare(own, twin, plan.size)
            self.known.setdefault(f"{own.name} blocks", plan.waits)
            self.known[like] = plan.size
            self.known |= {
                f"{name} {key}": value for key, value in asdict(plan).items()
            }
            self.reporter.sizes(self.known)
            held = twin != "released"
            if twin == ALONE:
                self._before(function.__name__)
                looked = probe(function, *arguments(own, plan.size))
                self.reporter.tell("note", text=f"{own.name}: {looked}")
                held = looked.verdict == "held"
            if plan.short and not held:
                told = f"{name}: a call is so short that handing over the GIL costs as"
                told += " much: give it more work to see what threads gain"
                self.reporter.tell("note", text=told)

    def _plan(self, own: Own, twin: str) -> CallPlan | None:
        told = {
            key: self.known.get(f"{own.name} {twin} {key}")
            for key in CallPlan.__slots__
        }
        numbers = [value for value in told.values() if value is not None]
        return CallPlan(*numbers) if len(numbers) == len(told) else None

    def _compare(self, own: Own, twin: str, size: int) -> None:
        """With the first of the kernel's twins that could be tried."""
        first = next((one for one in own.functions if self._plan(own, one)), None)
        if first is None:
            return
        before = self._outcomes.get((own.name, size))
        args = arguments(own, size)
        try:
            mine, theirs = deepcopy(args), deepcopy(args)
            if before is None:
                before = outcome(own, first, theirs, self._before)
            found = outcome(own, twin, mine, self._before)
            names = [own.functions[one].__name__ for one in (first, twin)]
            told = difference((names[0], before), (names[1], found))
        except IncomparableError as error:
            text = f"{own.name}: results are not compared: == of {error} tells nothing"
            self.reporter.tell("note", text=text)
            return
        if told:
            shown = ", ".join(map(short, args))
            raise NotRacedError(f"the twins disagree: for ({shown}) {told}")

    def _race(self, own: Own, twin: str) -> None:
        plan = self._plan(own, twin)
        subject = f"{own.name} {twin}"
        if plan is None or subject in self.left_out:
            self._done += 1
            return
        blocks = self.known[f"{own.name} blocks"] > 0
        counts = thread_counts(raceable(own, twin, plan, blocks, 1), os.environ)
        for threads in counts:
            identity = f"{subject} x{threads}"
            if identity in self.left_out:
                continue
            with self._step(identity, subject, own.functions[twin]):
                self._measure(own, twin, plan, blocks, threads)
        if self.told.traces and self.told.place == 0 and not unavailable():
            self._trace(own, twin, plan, blocks)

    def _measure(
        self, own: Own, twin: str, plan: CallPlan, blocks: bool, threads: int
    ) -> None:
        rounds = FEW_ROUNDS if plan.wall_ns > LONG_S * 1e9 else ROUNDS
        kernel = raceable(own, twin, plan, blocks, rounds)

        def repeat(
            race: Callable[[], None], prepare: Callable[[], None], times: int
        ) -> None:
            for _ in range(times):
                self.reporter.expect()
                begin_s = time.monotonic()
                prepare()
                # Under one lock the calls of a race come one after the other.
                self.reporter.expect(threads * (time.monotonic() - begin_s))
                race()

        race = measure(
            kernel,
            kernel.twins[0],
            threads,
            repeat,
            probe=True,
            size=plan.size or None,
        )
        self._keep(f"{own.name} {twin} x{threads}", race.to_json())
        self._raced += 1

    def _trace(self, own: Own, twin: str, plan: CallPlan, blocks: bool) -> None:
        identity = f"{own.name} {twin} under the scope"
        if identity in self.left_out:
            return
        subject = f"{own.name} {twin}"
        with self._step(identity, subject, own.functions[twin]):
            kernel = raceable(own, twin, plan, blocks, 1)
            # Under one lock all calls come one after the other.
            self.reporter.expect(2 * CALLS * plan.wall_ns / 1e9)
            self._keep(identity, timeline(own.name, kernel.twins[0]).to_json())

    def _keep(self, name: str, record: dict[str, Any]) -> None:
        told = {"name": name, "fullname": name, "extra_info": {results.KEY: [record]}}
        self.reporter.tell("kept", name, benchmark=told)

    def _before(self, what: str) -> None:
        self.reporter.expect()
        self.reporter.tell("call", function=what)

    @contextmanager
    def _step(
        self,
        identity: str,
        subject: str,
        function: Callable[..., Any] | None = None,
    ) -> Iterator[None]:
        """Tell that it begins, what it raises, and that it is over.

        subject: what is left out from now on if the process does not survive it.
        """
        whose = {"subject": subject, "experiment": "", "kernel": subject}
        if function is not None:
            whose["function"] = function.__name__
        counted = {"done": self._done, "total": self._total}
        self.reporter.tell("start", identity, **counted, **whose)
        self.reporter.expect()
        try:
            yield
        except (Exception, SystemExit) as error:
            if isinstance(error, CompileError):
                self.reporter.tell("note", text=str(error))
            if isinstance(error, ArgumentsError):  # its twins have the same
                whose["subject"] = subject.rpartition(" ")[0]
            told = {"reason": reason(error), "place": place(error)}
            self.reporter.tell("failed", identity, **told, **whose)
        finally:
            self.reporter.nothing()
            self._done += 1
            self.reporter.tell("done", identity)


def main(words: Sequence[str] | None = None) -> int:
    """words: as Experiments gives them to a process, then the target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--process", default="0/1")
    parser.add_argument("--beside")
    parser.add_argument("--sizes", type=json.loads, default={})
    parser.add_argument("--sizes-before")
    parser.add_argument("--left-out", type=json.loads, default=[])
    parser.add_argument("--traces", action="store_true")
    parser.add_argument("--pair", nargs=2)
    parser.add_argument("--args")
    parser.add_argument("target", nargs="?", default="")
    told = parser.parse_args(words)
    told.place = int(told.process.partition("/")[0])
    descriptor, dump, limit_s = os.environ[TOLD].split()
    reporter = ChildReporter(int(descriptor), int(dump), float(limit_s))
    return Child(told, reporter, told.sizes, frozenset(told.left_out)).run()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # whatever threads the user's code has left behind
