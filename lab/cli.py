"""The commands. Whatever is heavy is imported by the command that needs it."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from lab.commands.arguments import parser
from lab.errors import UsageError

# Files that the processes of a bench, their pipes and its own may need open at once.
FEWEST_FILES = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 (a claim contradicted, the user's code
    failed), 2 (bad usage, no room for output), 130 (interrupted).

    Of scope: its program's. Where that was ended by an interrupt, KeyboardInterrupt.
    """
    own = True
    try:
        commands = parser()
        known, rest = commands.parse_known_args(arguments)
        if rest and known.command not in ("bench", "calibrate"):
            commands.error(f"unknown arguments: {' '.join(rest)}")
        own = known.command != "scope"  # whose streams are the program's
        if own:
            _open_closed()
        status = _run(known, rest)
    except UsageError as error:
        status = _failed(str(error), 2)
    except KeyboardInterrupt:
        status = _failed("interrupted", 128 + signal.SIGINT)
    except BrokenPipeError:  # whoever read our output has seen enough
        status = 1
    except MemoryError:
        status = _failed("out of memory: is there a limit on it (ulimit -v)?", 2)
    except OSError as error:
        status = 2 if own and _unwritten() else _failed(_words(error), 2)
    except SystemExit as error:  # argparse has told
        status = error.code if isinstance(error.code, int) else 1
    if status == -signal.SIGINT:  # the traceback has been printed
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    if own and _unwritten():
        status = status or 2
    return status


def _open_closed() -> None:
    """Open standard streams that came closed, lest a file of ours takes their numbers.

    What is printed fails to be written, as it should; what is complained of is lost.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest number that is free: this one.
            os.set_inheritable(os.open(os.devnull, flags), True)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _unwritten() -> bool:
    """Whether output could not be written; it is given up then, or Python would try it
    again at its end. Said in a line, unless its reader has gone."""
    lost = False
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            if stream is sys.stdout:
                lost = True
                if not isinstance(error, BrokenPipeError):
                    _failed(f"standard output: {error.strerror}", 2)
    return lost


def _failed(line: str, status: int) -> int:
    with suppress(OSError):  # nobody to tell
        if sys.stderr is not None:  # print would take stdout
            print(f"gil-lab: {line}", file=sys.stderr, flush=True)
    return status


def _words(error: OSError) -> str:
    place = error.filename
    if place is None and error.errno in (errno.ENOSPC, errno.EBADF):  # of a print
        place = "output"
    what = error.strerror or str(error)
    return what if place is None else f"{place}: {what}"


def _run(known: argparse.Namespace, rest: list[str]) -> int:
    if known.command in ("bench", "calibrate"):
        _check_files()
    if known.command == "bench":
        from lab.commands.bench import bench

        return bench(rest, verbose=known.verbose, limit_s=known.timeout)
    if known.command == "calibrate":
        from lab.commands.calibrate import calibrate

        return calibrate(rest)
    if known.command == "scope":
        from lab.commands.scope import run

        return run(
            [known.program, *known.args],
            module=known.module,
            output=known.output,
            chrome_output=known.chrome,
        )
    if known.command == "demo":
        from lab.demo.command import demo

        return demo(known.act, known.seed_answers, no_pause=known.no_pause)
    if known.command == "atlas":
        return _atlas(known.add, known.setup, known.json)
    if known.command == "report":
        from lab.commands.report import report

        return report(
            known.results,
            known.format,
            known.output,
            check=known.check,
            verbose=known.verbose,
        )
    if known.command == "trace":
        from lab.commands.trace import trace

        return trace(known.file, known.chrome)
    return _probe(known.expression, known.setup, known.json)


def _check_files() -> None:
    """Refuse what could not even remove its files: that needs to open folders."""
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FEWEST_FILES:
        raise UsageError(
            f"only {most} files may be open: ulimit -n {FEWEST_FILES} or more"
        )


def _probe(expression: str, setup: str, as_json: bool) -> int:
    import json
    import math
    from dataclasses import asdict

    from lab.calls.expression import subject
    from lab.instruments.notice import told_when_stuck
    from lab.instruments.probe import traced

    found = None
    with _raising():
        func, arguments, keywords = subject(expression, setup)
        with told_when_stuck() as progress:
            found, _ = traced(func, arguments, dict(keywords), progress=progress)
    if found is None:
        return 1
    if as_json:
        plain = asdict(found)
        if math.isinf(found.ceiling):
            plain["ceiling"] = None  # JSON knows no infinity
        print(json.dumps(plain, indent=2))
    else:
        print(found)
    return 0


def _atlas(expressions: list[str], setups: list[str], as_json: bool) -> int:
    from lab.commands.atlas import run

    if len(setups) > len(expressions):
        raise UsageError("--setup belongs to an --add EXPR: there are more of them")
    setups += [""] * (len(expressions) - len(setups))
    with _raising():
        return run(list(zip(expressions, setups, strict=True)), as_json)
    return 1


@contextmanager
def _raising() -> Iterator[None]:
    """What the user's code raises ends in its last line, not in a traceback."""
    # It may use modules that lie here, as it may in `python -c`.
    sys.path.insert(0, os.getcwd())
    try:
        yield
    except UsageError:
        raise
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich's, not the code's
            raise
        _raised(error)
    except BaseException as error:
        _raised(error)


def _raised(error: BaseException) -> None:
    import traceback

    from lab.records.codec import harmless

    text = traceback.format_exception_only(error)[-1].rstrip()
    print(harmless(text), file=sys.stderr)
