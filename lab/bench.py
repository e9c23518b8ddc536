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

from lab.child import Terminated, terminable
from lab.errors import UsageError
from lab.machine import Machine
from lab.processes import NO_TESTS, USAGE_ERROR, Experiments
from lab.race import ONE_THREAD, thread_override
from lab.records import Run
from lab.results import KEY, ForeignFileError, parse, publish


def bench(arguments: Sequence[str], *, verbose: bool = False) -> int:
    """Run the experiments that arguments (pytest's) pick; print, keep, judge.

    verbose: every row, those of one thread too. Returns 0 when no claim is
    contradicted, 1 when one is or an experiment failed, 130 or 143 after SIGINT or
    SIGTERM. Raises UsageError.
    """
    from lab.renderers import terminal, words
    from lab.renderers.console import console
    from lab.summary import judged

    thread_override(os.environ)
    suite = experiments_of("experiments")
    folder = suite.parent / "results"
    out = console()
    terminal.header(Machine.here(), out)
    out.file.flush()  # who reads a pipe knows at once what runs, and where
    done = measured(suite, arguments, {ONE_THREAD: "1"} if verbose else {}, _wanting)
    if isinstance(done, int):
        return done
    done.content[KEY]["part"] = " ".join(arguments)
    name = time.strftime("%Y-%m-%dT%H-%M-%S")
    run, kept = keep(done.content, folder, name)
    it = judged(run, name)
    if verbose:
        terminal.report_rows(it, out)
    else:
        terminal.report(it, out, done.content)
    for reason, names in done.skipped.items():
        out.print(f"Left out ({len(names)}): {reason}", markup=False)
    out.print(f"\nKept: {near(kept)}", markup=False)
    wrong = words.contradictions(it)
    if done.failed:
        wrong.append(f"{done.failed} failed: its output stands above")
    if wrong:
        out.print(f"\n{wrong[0]}", style="bold red", markup=False)
    return 1 if wrong else done.code


def experiments_of(name: str) -> Path:
    """The folder of a suite of experiments. UsageError where there is no checkout."""
    suite = Path(__file__).resolve().parent.parent / name
    if not (suite / "conftest.py").is_file():
        raise UsageError(f"no {name} here: this command runs in a checkout of gil-lab")
    return suite


def _wanting(content: dict[str, Any]) -> list[str]:
    """The experiments with a verdict that is open, then those with a wide interval."""
    from lab.summary import wanting

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
) -> Experiments | int:
    """Run a suite, drawing how far it is; an exit code where nothing was measured.

    wanting: see Experiments. What a process that failed has printed is printed.
    Raises UsageError.
    """
    from lab.renderers.progress import draw

    done = Experiments(suite, arguments, environment, wanting)
    try:
        with terminable(), closing(done.lines()) as lines:
            draw(lines)
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


def keep(content: dict[str, Any], folder: Path, name: str) -> tuple[Run, Path]:
    """Keep what was measured; the run, and its file."""
    text = json.dumps(content)
    try:
        run = parse(content, name)
    except ForeignFileError:  # our own mistake, but what was measured is kept
        publish(text, folder, name)
        raise
    return run, publish(text, folder, name, run.timelines)


def near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
