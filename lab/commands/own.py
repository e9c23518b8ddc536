"""python -m lab bench FILE: race the kernels in the user's own files, or one pair."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from lab.calls.compiled import missing
from lab.commands.processes import PROCESSES, Experiments
from lab.errors import UsageError
from lab.instruments.race import ONE_THREAD, thread_override
from lab.records.results import KEY, parse
from lab.renderers import terminal, wording
from lab.renderers.console import console
from lab.renderers.details import print_rows
from lab.renderers.overview import print_one_look
from lab.renderers.progress import draw
from lab.system.signals import terminable
from lab.verdicts.run import Judged, judged

# How long a call of one's own may take, unless told.
LIMIT_S = 10.0
# No more processes are begun when the next would end later than this.
ENOUGH_S = 25.0
# With --watch there are fewer of them, and a save is looked for so often. (Polling sees
# every kind of save on every file system, and costs two calls of stat a second.)
WATCH_PROCESSES, WATCH_ENOUGH_S, POLL_S = 2, 8.0, 0.5
# The twins that a finding is about.
ENDS = ("held", "released")
SUFFIXES = (".pyx", ".py")


@dataclass(frozen=True)
class Wanted:
    """What is to be raced, and how."""

    targets: tuple[str, ...]
    """Files and modules,"""
    pair: tuple[str, ...] = ()
    """or the dotted names of two functions, the first of which holds the GIL."""
    args: str | None = None
    """The arguments of the pair, as they stand between the brackets of a call."""
    limit_s: float = LIMIT_S
    """How long one call may take."""
    processes: int = PROCESSES
    """In how many processes, one after the other, each twin is raced."""
    enough_s: float = ENOUGH_S
    """No further process begins where it would end later than this."""
    verbose: bool = False
    """Whether every row is printed."""
    traces: bool = False
    """Whether each twin is also watched in two threads."""

    def __post_init__(self) -> None:
        """UsageError where something is named that is not there."""
        options = [word for word in self.targets if word.startswith("-")]
        if options:
            raise UsageError(f"unknown beside a file: {' '.join(options)}")
        if not self.targets and not self.pair:
            raise UsageError("name a file, as in: python -m lab bench mine.pyx")
        if self.targets and self.pair:
            raise UsageError("--pair names two functions: no file beside it")
        if self.args is not None and not self.pair:
            raise UsageError("--args belongs to --pair; a file has NAME_args()")
        for target in self.targets:
            _check(target)


@dataclass
class Raced:
    """What became of it."""

    it: Judged | None
    """The run and its verdicts; None where nothing could be measured."""
    notes: list[str] = field(default_factory=list)
    """What is to be shown before the table."""
    failures: list[str] = field(default_factory=list)
    """What could not be measured, and why, a line each."""
    printed: str = ""
    """What the user's code has printed."""


def bench_own(wanted: Wanted) -> int:
    """Race, print, judge. Returns 0, or 1 where a claim is contradicted, or something
    could not be measured. Raises UsageError, KeyboardInterrupt and Terminated."""
    thread_override(os.environ)
    raced = race_own(wanted)
    show(raced, console(), verbose=wanted.verbose)
    return 1 if raced.failures or (raced.it and raced.it.contradicted) else 0


def show(raced: Raced, out: Console, *, verbose: bool = False) -> None:
    """Print the table and the finding, or what there is instead."""
    if raced.it is not None:
        terminal.header(raced.it.run.machine, out)
    for note in raced.notes:
        out.print(note, soft_wrap=True)
    if verbose or (raced.it is None and not raced.failures):
        out.print(raced.printed, end="", soft_wrap=True)
    if raced.it is None:
        for failure in raced.failures:
            out.print(failure, soft_wrap=True)
        return
    if verbose:
        print_rows(raced.it, out)
    else:
        print_one_look(raced.it, out, again="the command again")
    if any(one.race.twin in ENDS for one in raced.it.findings):
        out.print(f"\nThe finding: {wording.finding(raced.it)}", style="bold")


def watch(wanted: Wanted) -> int:
    """Race again at each save, until an interrupt. Returns 0. Raises UsageError."""
    files = [Path(target) for target in wanted.targets if target.endswith(SUFFIXES)]
    if len(files) < len(wanted.targets) or not files:
        raise UsageError("--watch: name files, .pyx or .py")
    wanted = replace(wanted, processes=WATCH_PROCESSES, enough_s=WATCH_ENOUGH_S)
    out = console()
    try:
        while True:
            before = _stamps(files)
            begin_s = time.monotonic()
            bench_own(wanted)
            took_s = time.monotonic() - begin_s
            names = ", ".join(path.name for path in files)
            told = f"{time.strftime('%H:%M:%S')}, {took_s:.0f} s. Save {names} to race"
            out.print(f"{told} again, Ctrl-C to leave.\n", style="dim")
            out.file.flush()
            while _stamps(files) in (before, None):
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        return 0


def race_own(wanted: Wanted) -> Raced:
    """Race what is wanted, drawing how far it is. Each target has its own processes.

    Raises UsageError, KeyboardInterrupt and Terminated.
    """
    contents: list[dict[str, Any]] = []
    raced = Raced(None)
    for target, done in zip(wanted.targets or ("",), _runs(wanted), strict=True):
        with terminable(), closing(done.lines()) as lines:
            draw(lines, None)
        if len(wanted.targets) > 1:
            _name(done, Path(target).stem)
        if done.content:
            contents.append(done.content)
        raced.notes += done.notes
        raced.failures += map(wording.failure, done.failures)
        if done.failures or wanted.verbose or not done.content:
            raced.printed += done.printed
    if contents:
        whole = contents[0]
        for more in contents[1:]:
            whole["benchmarks"] += more["benchmarks"]
            whole[KEY]["failures"] += more[KEY]["failures"]
        raced.it = judged(parse(whole, "run"), "")
    return raced


def _runs(wanted: Wanted) -> Iterator[Experiments]:
    options = ["--traces"] if wanted.traces else []
    asked = [[target] for target in wanted.targets]
    if wanted.pair:
        args = [] if wanted.args is None else [f"--args={wanted.args}"]
        asked = [[*args, "--pair", *wanted.pair]]
    for one in asked:
        yield Experiments(
            ("-m", "lab.commands.own_child"),
            Path.cwd(),
            [*options, *one],
            {ONE_THREAD: "1"} if wanted.verbose else {},
            lambda _: {},
            {},
            wanted.limit_s,
            processes=wanted.processes,
            enough_s=wanted.enough_s,
            beside=False,
        )


def _name(done: Experiments, file: str) -> None:
    """Call kernels after their file too: others may have some of the same name."""
    done.failures = [
        replace(one, subject=f"{file}.{one.subject.removeprefix(f'{file}.')}")
        for one in done.failures
    ]
    if done.content:
        done.content[KEY]["failures"] = list(map(asdict, done.failures))
        for benchmark in done.content["benchmarks"]:
            for record in benchmark["extra_info"][KEY]:
                record["kernel"] = f"{file}.{record['kernel']}"


def _check(target: str) -> None:
    path = Path(target)
    if path.suffix not in SUFFIXES:
        if os.sep in target or not all(map(str.isidentifier, target.split("."))):
            raise UsageError(f"{target}: expected a .pyx, a .py or a module's name")
    elif not path.is_file():
        hint = ""
        if path.suffix == ".pyx" and path.stem.isidentifier():
            hint = f": python -m lab new {path.stem} writes one"
        raise UsageError(f"{target}: no such file{hint}")
    elif path.suffix == ".pyx" and not path.stem.isidentifier():
        raise UsageError(
            f"{target}: no name for a module: rename it: letters, digits and _, no "
            "digit first"
        )
    elif path.suffix == ".pyx" and missing():
        raise UsageError(f"{target}: {missing()}")


def _stamps(files: Sequence[Path]) -> list[tuple[int, int, int]] | None:
    """What changes when one of them is saved; None while one is being replaced."""
    try:
        found = [path.stat() for path in files]
    except OSError:
        return None
    return [(one.st_mtime_ns, one.st_size, one.st_ino) for one in found]
