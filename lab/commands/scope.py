"""Run somebody's program under the scope, unchanged but for a summary at the end."""

import atexit
import os
import runpy
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from io import open_code
from pathlib import Path
from pkgutil import get_importer
from types import CodeType, ModuleType, TracebackType

from lab.commands.kept_trace import Kept
from lab.errors import UsageError
from lab.instruments.scope import Scope, unavailable
from lab.records.lines import Line, of_program
from lab.records.trace import Trace
from lab.renderers import trace_terminal
from lab.system.files import check_output

STDERR = 2
# What a module, a folder or an archive is run by.
RUNPY = {runpy.__file__, "<frozen runpy>"}
# In place of a function of this file: here is done what Python itself does, and the
# scope is told to stop.
AROUND = "(start and end of the program)"


def run(
    program: str | None = None,
    args: Sequence[str] = (),
    *,
    module: bool = False,
    output: Path | None = None,
    pid: int | None = None,
    duration: float | None = None,
    **exports: Path | None,
) -> int:
    """Run a script, or the module of that name, with its arguments; its exit status,
    -SIGINT where the program ended of an interrupt.

    As with `python program args` (`python -m program args`): sys.argv, sys.path[0] and
    __main__ are the program's from now on, an exception prints its traceback, and it
    ends as the interpreter ends it. Then a summary goes to stderr, the trace to
    `output` and other forms of it to `exports` (kept_trace.EXPORTS), each whole or not
    at all; they are files of the folder it was started in. UsageError for what keeps it
    from starting, and where a file cannot be written. With a pid: see attached.scope,
    which looks for so many seconds.
    """
    if pid is not None:
        from lab.commands import attached

        if program or module:
            raise UsageError("--pid looks at a process: name no program beside it")
        return attached.scope(pid, duration, output=output, **exports)
    if program is None or duration:
        raise UsageError("a PROGRAM or a --pid is missing: scope --help has examples")
    argv = [program, *args]
    output = output and output.absolute()
    exports = {name: path and path.absolute() for name, path in exports.items()}
    sources = [] if module else [Path(argv[0])]
    for path in filter(None, (output, *exports.values())):
        check_output(path, *sources)
    kept = Kept(output, **exports)
    reason = unavailable()
    if reason is not None:
        raise UsageError(f"no scope: {reason}")
    try:
        code = None if module else _compiled(argv[0])
    except OSError as error:
        raise UsageError(f"{argv[0] or repr(argv[0])}: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        return _told(error.with_traceback(None))  # it is about the script, not about us
    process, stderr = os.getpid(), _which(STDERR)
    with Scope() as scope:
        _become(argv, code, module)
        try:
            status = _call(argv[0], code, module)
        except KeyboardInterrupt:  # one more, on the way from its last line to here
            status = -signal.SIGINT
        _end()
    if os.getpid() != process:  # a child the program forked ends here too
        return status
    with suppress(Exception):  # whatever it is by now; Python tries again and tells
        sys.stdout.flush()
    trace = scope.trace
    trace = replace(
        trace,
        stacks=of_program(trace.stacks, trace.lines, __file__, RUNPY),
        lines=tuple(map(_as_python, trace.lines)),
    )
    if _which(STDERR) == stderr:  # else it is the program's own file
        _summarise(trace)
    kept.write(trace)
    return status


def _compiled(script: str) -> CodeType | None:
    """The script's code; None for a folder or archive with a __main__ of its own."""
    Path(script).stat() if script else os.stat(script)  # raises where there is none
    if get_importer(script) is not None:
        return None
    path = os.path.join(os.getcwd(), script)
    if script.endswith(".pyc"):
        return SourcelessFileLoader("__main__", path).get_code("__main__")
    with open_code(path) as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def _which(descriptor: int) -> tuple[int, int] | None:
    """Which file, as far as a number tells; None if it is closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _become(argv: list[str], code: CodeType | None, module: bool) -> None:
    """Let __main__, sys.argv and sys.path be what the program finds on its own."""
    sys.argv = list(argv)
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__.update(__builtins__=__builtins__)
    path = os.path.join(os.getcwd(), argv[0])
    folder = os.getcwd()
    if code is not None:
        main.__dict__.update(__file__=path, __cached__=None)
        main.__loader__ = SourceFileLoader("__main__", path)
        folder = os.path.dirname(os.path.realpath(path))
    if not sys.flags.safe_path:
        sys.path[0] = folder
    if code is None and not module:
        sys.path[: not sys.flags.safe_path] = [os.path.abspath(argv[0])]


def _call(name: str, code: CodeType | None, module: bool) -> int:
    try:
        if code is not None:
            exec(code, sys.modules["__main__"].__dict__)
        else:  # what Python itself calls for -m, for a folder and an archive
            main = name if module else "__main__"
            runpy._run_module_as_main(main, alter_argv=module)  # type: ignore[attr-defined]
    except BaseException as error:
        _drop_frames(error)
        if isinstance(error, SystemExit) and error.__traceback__ is None:
            words = str(error.code).removeprefix(f"{sys.executable}: ")
            raise UsageError(f"nothing to run: {words}") from None
        return _told(error)
    return 0


def _told(error: BaseException) -> int:
    """Print an error as the interpreter does; the status that it gives."""
    if isinstance(error, SystemExit):
        return _status(error.code)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit as instead:
        return _status(instead.code)
    except BaseException as second:
        _drop_frames(second)
        second.__context__ = None
        for title, one in (
            ("Error in sys.excepthook:", second),
            ("\nOriginal exception was:", error),
        ):
            _say(title)
            sys.__excepthook__(type(one), one, one.__traceback__)
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def _status(code: object) -> int:
    """As the interpreter makes an exit status of SystemExit.code."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    _say(code)
    return 1


def _say(what: object) -> None:
    with suppress(Exception):
        if sys.stderr is not None:  # print would take stdout
            print(what, file=sys.stderr)


def _drop_frames(error: BaseException) -> None:
    """Leave in the traceback what comes below this file and runpy."""
    frames: TracebackType | None = error.__traceback__
    ours = {__file__} | RUNPY
    while frames is not None and frames.tb_frame.f_code.co_filename in ours:
        frames = frames.tb_next
    error.__traceback__ = frames


def _end() -> None:
    """End the program as Py_FinalizeEx (Python/pylifecycle.c) begins to.

    threading wakes and joins threads, unless interrupted; then what atexit knows is
    called. Both find nothing left to do when Python itself ends.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]
    except BaseException as error:
        _drop_frames(error)
        _say(f"Exception ignored in: {threading!r}")
        sys.__excepthook__(type(error), error, error.__traceback__)
    atexit._run_exitfuncs()


def _as_python(line: Line) -> Line:
    """Lines of this file stand for what Python itself does, of which it shows none."""
    if line.file != __file__:
        return line
    return replace(line, file="", line=0, function=AROUND)


def _summarise(trace: Trace) -> None:
    """Print the summary past sys.stderr, in which nothing unwritten may be left."""
    with suppress(Exception):
        sys.stderr.flush()
    with (
        suppress(OSError),
        open(STDERR, "wb", buffering=0, closefd=False) as stderr,
    ):
        colour = stderr.isatty()
        width = os.get_terminal_size(STDERR).columns if colour else 80
        text = trace_terminal.render(trace, width, colour)
        encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
        left = memoryview(text.encode(encoding, "backslashreplace"))
        while left:
            left = left[stderr.write(left) or 0 :]
