"""python -m lab bench: run the experiments in a child process, then judge them.

The child measures. It has a process group of its own, so that an interrupt ends
it and all it started even while one of its threads holds the GIL; and this
process, which draws the progress, disturbs no measurement with a thread of its.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lab.child import Terminated, end, terminable
from lab.errors import UsageError
from lab.machine import Machine
from lab.race import thread_override
from lab.results import ForeignFileError, load, publish

# What an interrupted child gets to end by itself; an interrupt promises 2 s.
GRACE_S = 1.0
PROGRESS_FD = "GIL_LAB_PROGRESS_FD"
# pytest's exit codes (pytest.ExitCode), without importing it.
TESTS_FAILED, USAGE_ERROR, NO_TESTS = 1, 4, 5


def bench(arguments: Sequence[str]) -> int:
    """Run the experiments that arguments (pytest's) pick; print, keep, judge.

    Returns 0 when no claim is contradicted, 1 when one is or an experiment
    failed, 130 or 143 after SIGINT or SIGTERM. Raises UsageError.
    """
    from lab.renderers.console import console
    from lab.renderers.terminal import header, report
    from lab.summary import judged

    thread_override(os.environ)
    experiments = Path(__file__).resolve().parent.parent / "experiments"
    if not (experiments / "conftest.py").is_file():
        raise UsageError("no experiments here: bench runs in a checkout of gil-lab")
    folder = experiments.parent / "results"
    out = console()
    header(Machine.here(), out)
    with tempfile.TemporaryDirectory(prefix="gil-lab-") as scratch:
        result = Path(scratch, "result.json")
        command = _command(experiments, result, arguments, out.is_terminal)
        try:
            code, printed = _watch(command, experiments.parent, scratch, out.width)
        except KeyboardInterrupt:
            print("gil-lab: interrupted, nothing kept", file=sys.stderr)
            return 128 + signal.SIGINT
        except Terminated:
            print("gil-lab: terminated, nothing kept", file=sys.stderr)
            return 128 + signal.SIGTERM
        if code == NO_TESTS:
            raise UsageError(
                f"no experiment matches {' '.join(arguments)!r}: "
                "ARGS='--collect-only' lists them"
            )
        for line in printed.splitlines():
            if not line.startswith("Wrote benchmark data in:"):  # it moves: see below
                print(line)
        if code == USAGE_ERROR:
            raise UsageError("pytest does not understand these arguments")
        if not result.exists():
            return code
        name = time.strftime("%Y-%m-%dT%H-%M-%S")
        text = result.read_text(encoding="utf-8")
        try:
            run = load(result)
        except ForeignFileError:  # our own mistake, but what was measured is kept
            publish(text, folder, name)
            raise
        kept = publish(text, folder, name, run.timelines)
    it = judged(run, name)
    report(it, out)
    out.print(f"\nKept: {_near(kept)}, also as {_near(folder / 'latest.json')}")
    if kept.with_suffix("").is_dir():
        out.print(f"Traces: {_near(kept.with_suffix(''))}")
    return 1 if it.contradicted or code == TESTS_FAILED else code


def _near(path: Path) -> str:
    """The path as seen from here, if that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def _command(
    experiments: Path, result: Path, arguments: Sequence[str], colour: bool
) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", str(experiments)),
        *(f"--rootdir={experiments.parent}", f"-c{experiments.parent}/pyproject.toml"),
        *("-q", "-s", "-rs", "--no-header", "-p", "no:cacheprovider"),
        f"--color={'yes' if colour and 'NO_COLOR' not in os.environ else 'no'}",
        f"--benchmark-json={result}",
        *("--benchmark-group-by=group", "--benchmark-sort=fullname"),
        *("--benchmark-columns=min,median,max,rounds", "--benchmark-name=short"),
        *arguments,
    ]


def _watch(command: list[str], root: Path, scratch: str, width: int) -> tuple[int, str]:
    """Run the child in root, drawing its progress; its exit code and output."""
    from lab.renderers.progress import draw

    reader, writer = os.pipe()
    environment = {
        **os.environ,
        PROGRESS_FD: str(writer),
        "TMPDIR": scratch,  # what it leaves when it is killed goes with the folder
        "COLUMNS": str(width),
    }
    with (
        terminable(),
        open(reader, encoding="utf-8") as progress,
        tempfile.TemporaryFile() as output,
    ):
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=root,  # python -m pytest finds lab there
            pass_fds=[writer],
            process_group=0,
        )
        try:
            os.close(writer)
            draw(progress)
            code = child.wait()
        finally:
            end(child, GRACE_S)
        output.seek(0)
        return code, output.read().decode(errors="replace")
