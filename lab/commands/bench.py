"""python -m lab bench: run the experiments, keep what they measured, judge it."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lab.commands.processes import NO_TESTS, USAGE_ERROR, Experiments
from lab.errors import UsageError
from lab.instruments.race import ONE_THREAD, thread_override
from lab.records.machine import Machine
from lab.records.race import Run
from lab.records.results import KEY, ForeignFileError, load, parse, publish
from lab.system.child import Terminated, terminable


def bench(arguments: Sequence[str], *, verbose: bool = False) -> int:
    """Run the experiments that arguments (pytest's) pick; print, keep, judge.

    verbose: every row, those of one thread too. Returns 0 when no claim is
    contradicted, 1 when one is or an experiment failed, 130 or 143 after SIGINT or
    SIGTERM. Raises UsageError.
    """
    from lab.renderers import terminal, wording
    from lab.renderers.console import console
    from lab.verdicts.run import judged

    thread_override(os.environ)
    suite = experiments_of("experiments")
    folder = suite.parent / "results"
    out = console()
    terminal.header(Machine.here(), out)
    out.file.flush()  # who reads a pipe knows at once what runs, and where
    part = " ".join(arguments)
    environment = {ONE_THREAD: "1"} if verbose else {}
    before = _before(folder)
    done = measured(suite, arguments, environment, unsettled, before)
    if isinstance(done, int):
        return done
    done.content[KEY]["part"] = part
    name = time.strftime("%Y-%m-%dT%H-%M-%S")
    run, kept = keep(done.content, folder, name)
    it = judged(run, name)
    if verbose:
        terminal.report_rows(it, out)
    else:
        terminal.report(it, out, done.content)
    for reason, names in done.skipped.items():
        counted = names[0] if len(names) == 1 else f"{len(names)} tests"
        out.print(f"Left out, {counted}: {reason}", markup=False)
    rest = "" if verbose else "; every row of it: make bench ARGS=-v"
    out.print(f"Kept: {near(kept)}{rest}", markup=False)
    wrong = wording.contradictions(it)
    if done.failed:
        wrong.append(f"{done.failed} failed: its output stands above")
    if wrong:
        out.print(f"\n{wrong[0]}", style="bold red", markup=False)
    return 1 if wrong else done.code


def experiments_of(name: str) -> Path:
    """The folder of a suite of experiments. UsageError where there is no checkout."""
    suite = Path(__file__).resolve().parents[2] / name
    if not (suite / "conftest.py").is_file():
        raise UsageError(f"no {name} here: this command runs in a checkout of gil-lab")
    return suite


def _before(folder: Path) -> Run | None:
    """The last whole run, if there is one that can be read."""
    try:
        return load(folder / "latest.json")
    except (UsageError, OSError):
        return None


def unsettled(content: dict[str, Any]) -> list[str]:
    """The experiments with a verdict that is open, then those with a wide interval."""
    from lab.verdicts.run import wanting

    found = {
        benchmark["fullname"]: wanting(
            parse({**content, "benchmarks": [benchmark]}, "")
        )
        for benchmark in content["benchmarks"]
    }
    return sorted(
        (name for name in found if found[name]), key=lambda name: -found[name]
    )


def measured(
    suite: Path,
    arguments: Sequence[str],
    environment: dict[str, str],
    wanting: Callable[[dict[str, Any]], Sequence[str]],
    before: Run | None = None,
) -> Experiments | int:
    """Run a suite, drawing how far it is; an exit code where nothing was measured.

    wanting: see Experiments. before: the last run. What a process that failed has
    printed is printed. Raises UsageError.
    """
    from lab.renderers.progress import draw

    races = before.races if before else ()
    sizes = {f"{race.kernel} {race.via}": race.size for race in races if race.size}
    part = " ".join(arguments)
    took_s = before.took_s if before and before.part == part else None
    done = Experiments(suite, arguments, environment, wanting, sizes)
    try:
        with terminable(), closing(done.lines()) as lines:
            draw(lines, took_s or None)
    except KeyboardInterrupt:
        print("gil-lab: interrupted, nothing kept", file=sys.stderr)
        return 128 + signal.SIGINT
    except Terminated:
        print("gil-lab: terminated, nothing kept", file=sys.stderr)
        return 128 + signal.SIGTERM
    if done.code == NO_TESTS:
        raise UsageError(
            f"no experiment matches {' '.join(arguments)!r}: "
            "ARGS='--collect-only' lists them"
        )
    print(done.printed, end="")
    if done.code == USAGE_ERROR:
        raise UsageError("pytest does not understand these arguments")
    return done if done.content else done.code


def keep(
    content: dict[str, Any], folder: Path, name: str, newest: str = "latest"
) -> tuple[Run, Path]:
    """Keep what was measured, as name and as the newest; the run, and its file."""
    text = json.dumps(content)
    try:
        run = parse(content, name)
    except ForeignFileError:  # our own mistake, but what was measured is kept
        publish(text, folder, name, newest=newest)
        raise
    return run, publish(text, folder, name, run.timelines, newest)


def near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
