"""From the command line to an exit code: what ends a command is told in one line."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from lab.commands.arguments import parser
from lab.errors import UsageError
from lab.system.files import discard
from lab.system.signals import Terminated

# Commands whose other options are pytest's.
FOR_PYTEST = ("bench", "calibrate")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 (a claim contradicted, the user's code
    failed), 2 (bad usage, no room for output), 130 or 143 (SIGINT, SIGTERM).

    Of scope: its program's. Where that was ended by an interrupt, KeyboardInterrupt.
    """
    own = True
    try:
        commands = parser()
        given, rest = commands.parse_known_args(arguments)
        if rest and given.command not in FOR_PYTEST:
            commands.error(f"unknown arguments: {' '.join(rest)}")
        # The streams are the program's where scope runs one.
        own = given.command != "scope" or given.pid is not None
        if own:
            _open_closed()
        options = vars(given)
        module = import_module(f"lab.commands.{options.pop('command')}")
        # What is imported stays: at its end Python would look for garbage in it.
        gc.freeze()
        if rest:
            options["rest"] = rest
        status = int(module.run(**options))
    except UsageError as error:
        status = _failed(str(error), 2)
    except KeyboardInterrupt as error:
        status = _failed(_noted("interrupted", error), 128 + signal.SIGINT)
    except Terminated as error:
        status = _failed(_noted("terminated", error), 128 + signal.SIGTERM)
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
    """Whether output could not be written; it is given up then. Said in a line, unless
    its reader has gone."""
    lost = False
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            discard(stream)
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


def _noted(what: str, error: BaseException) -> str:
    return ", ".join([what, *getattr(error, "__notes__", ())])


def _words(error: OSError) -> str:
    place = error.filename
    if place is None and error.errno in (errno.ENOSPC, errno.EBADF):  # of a print
        place = "output"
    what = error.strerror or str(error)
    if place is None and error.errno == errno.EAGAIN:  # of a fork
        return f"no process or thread may start: is there a limit (ulimit -u)? ({what})"
    return what if place is None else f"{place}: {what}"
