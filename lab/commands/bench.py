"""python -m lab bench: run the experiments, keep what they measured, judge it."""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lab.commands.processes import (
    LIMIT_S,
    NO_TESTS,
    USAGE_ERROR,
    Experiments,
    pytest_of,
)
from lab.errors import UsageError
from lab.instruments.race import ONE_THREAD, thread_override
from lab.records.machine import Machine
from lab.records.results import KEY, load, parse, publish
from lab.records.run import Run
from lab.system.signals import Terminated, terminable

# The processes of a bench, their pipes and its own files need so many.
FEWEST_FILES = 64
# Where a run is kept that its own folder has no room for.
FALLBACK = "gil-lab-results"
ELSEWHERE: tuple[Callable[[], Path], ...] = (
    Path.home,
    Path.cwd,
    lambda: Path(tempfile.gettempdir()),
)


def run(
    *,
    rest: Sequence[str] = (),
    verbose: bool = False,
    timeout: float | None = None,
    watch: bool = False,
    pair: Sequence[str] | None = None,
    args: str | None = None,
) -> int:
    """Run the experiments that rest (pytest's arguments) picks; print, keep, judge.
    Where it names files, or there is a pair, race these instead: see own.Wanted.

    verbose: every row, those of one thread too, and all that was printed where
    something failed. timeout: how long a call may take, seconds. Returns 0 when no
    claim is contradicted, 1 when one is or an experiment failed. UsageError;
    Terminated after SIGTERM.
    """
    named = rest and not rest[0].startswith("-")
    if named or watch or pair or args:
        from lab.commands import own

        limit_s = timeout or own.LIMIT_S
        wanted = own.Wanted(
            tuple(rest), tuple(pair or ()), args, limit_s, verbose=verbose
        )
        return own.watch(wanted) if watch else own.bench_own(wanted)
    from lab.renderers.console import lasting

    with lasting() as out:
        code, kept = _bench(rest, verbose, timeout or LIMIT_S)
    if out.gone and kept:
        print(f"gil-lab: standard output: {out.gone}. {kept}", file=sys.stderr)
    return code


def _bench(arguments: Sequence[str], verbose: bool, limit_s: float) -> tuple[int, str]:
    """The exit code, and where the run is kept, in words."""
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
    done = measured(
        suite, arguments, environment, unsettled, before, limit_s, verbose=verbose
    )
    if isinstance(done, int):
        return done, ""
    done.content[KEY]["part"] = part
    name = time.strftime("%Y-%m-%dT%H-%M-%S")
    run = parse(done.content, name)
    kept = keep(done.content, run, folder, name)
    it = judged(run, name)
    terminal.report(it, out, done.content, verbose=verbose)
    for reason, names in done.skipped.items():
        counted = names[0] if len(names) == 1 else f"{len(names)} tests"
        out.print(f"Left out, {counted}: {reason}", markup=False)
    rest = "" if verbose else "; every row of it: make bench ARGS=-v"
    out.print(f"{kept}{rest}", markup=False)
    wrong = wording.contradictions(it)
    wrong += [told[0].upper() + told[1:] for told in map(wording.failure, run.failures)]
    if wrong:
        out.print(f"\n{wrong[0]}", style="bold red", markup=False, soft_wrap=True)
    return 1 if wrong else done.code, kept


def experiments_of(name: str) -> Path:
    """The folder of a suite of experiments. UsageError where there is no checkout, or
    so few files may be open that not even a folder could be removed again."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FEWEST_FILES:
        raise UsageError(
            f"only {most} files may be open: ulimit -n {FEWEST_FILES} or more"
        )
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


def unsettled(content: dict[str, Any]) -> dict[str, float]:
    """How much each experiment wants more values."""
    from lab.verdicts.run import wanting

    return {
        benchmark["fullname"]: wanting(
            parse({**content, "benchmarks": [benchmark]}, "")
        )
        for benchmark in content["benchmarks"]
    }


def measured(
    suite: Path,
    arguments: Sequence[str],
    environment: dict[str, str],
    wanting: Callable[[dict[str, Any]], Mapping[str, float]],
    before: Run | None = None,
    limit_s: float = LIMIT_S,
    *,
    verbose: bool = False,
) -> Experiments | int:
    """Run a suite, drawing how far it is; an exit code where nothing was measured.

    wanting, limit_s: see Experiments. before: the last run. What a process that failed
    has printed is printed where that alone tells what happened, or with verbose.
    Raises UsageError.
    """
    from lab.renderers import wording
    from lab.renderers.progress import draw

    races = before.races if before else ()
    sizes = {f"{race.kernel} {race.via}": race.size for race in races if race.size}
    part = " ".join(arguments)
    took_s = before.took_s if before and before.part == part else None
    root = suite.parent
    chosen = [str(suite), *arguments]
    command = pytest_of(root)
    done = Experiments(command, root, chosen, environment, wanting, sizes, limit_s)
    try:
        with terminable(), closing(done.lines()) as lines:
            draw(lines, took_s or None)
    except (KeyboardInterrupt, Terminated) as interrupt:
        interrupt.add_note("nothing kept")
        raise
    if done.code == NO_TESTS:
        raise UsageError(
            f"no experiment matches {' '.join(arguments)!r}: "
            "ARGS='--collect-only' lists them"
        )
    if verbose or not done.failures:
        print(done.printed, end="")
    if done.code == USAGE_ERROR:
        raise UsageError("pytest does not understand these arguments")
    if done.content.get("benchmarks") or (done.content and done.failures):
        return done
    for failure in done.failures:
        print(wording.failure(failure))
    return 1 if done.failures else done.code


def keep(
    content: dict[str, Any],
    run: Run,
    folder: Path,
    name: str,
    newest: str = "latest",
) -> str:
    """Keep a run, as name and as the newest; where, in a sentence.

    Where that cannot be written, in a folder of the user's that can.
    """
    text, failed = json.dumps(content), ""
    for place in (folder, *(one() / FALLBACK for one in ELSEWHERE)):
        try:
            # The newest run is looked for in one folder only.
            latest = newest if place is folder else ""
            path = publish(text, place, name, run.timelines, latest)
        except (OSError, RuntimeError) as error:  # RuntimeError: nobody's home
            reason = getattr(error, "strerror", None) or str(error)
            failed = failed or f"{near(place)}: {reason}. "
        else:
            return f"{failed}Kept: {near(path)}"
    return f"{failed}Not kept: no other folder can be written either"


def near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
