"""Run somebody's program under the scope, unchanged but for a summary at the end."""

import importlib.util
import json
import os
import runpy
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import open_code
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from lab.files import write_whole
from lab.renderers import chrome, scope_terminal
from lab.scope import Scope, unavailable
from lab.trace import Trace

# What Python itself returns: for a script it cannot open, and for an interrupt.
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def run(
    argv: list[str],
    *,
    module: bool = False,
    output: Path | None = None,
    chrome_output: Path | None = None,
) -> int:
    """Run the script argv[0], or the module of that name, with argv[1:]; exit code.

    As with `python argv...` (`python -m argv...`): sys.argv, sys.path[0] and
    __main__ are the program's, an exception prints its traceback, and threads that
    are not daemons are waited for. Then a summary goes to stderr, the trace to
    `output` and its Chrome form to `chrome_output`, each whole or not at all. What
    keeps the program from starting is one line on stderr and 2.
    """
    for path in (output, chrome_output):
        if path is not None and not os.access(path.absolute().parent, os.W_OK):
            return _refuse(f"{path}: no such folder, or not writable")
    reason = unavailable()
    if reason is not None:
        return _refuse(f"no scope: {reason}")
    try:
        code = None if module else _compiled(argv[0])
        if module and _missing(argv[0]):
            return _refuse(f"no module named {argv[0]!r}")
    except OSError as error:
        return _refuse(f"{argv[0]}: {error.strerror}")
    except SyntaxError as error:
        error.__traceback__ = None  # it is about the script, not about us
        sys.excepthook(type(error), error, None)
        return 1
    process = os.getpid()
    with Scope() as scope, _as_program(argv, code):
        status = _call(argv[0], code, module)
        _join_threads()
    if os.getpid() != process:  # a child the program forked ends here too
        return status
    return _report(scope.trace, output, chrome_output) or status


def _compiled(script: str) -> CodeType | None:
    """The script's code; None for a folder or archive with a __main__ of its own."""
    path = Path(script)
    if path.is_dir() or path.suffix in {".zip", ".pyz", ".pyc"}:
        path.stat()  # raises where there is none
        return None
    with open_code(os.path.abspath(script)) as file:
        return compile(file.read(), script, "exec", dont_inherit=True)


def _missing(module: str) -> bool:
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.util.find_spec(module) is None
    except (ImportError, ValueError):
        return True
    finally:
        del sys.path[0]


@contextmanager
def _as_program(argv: list[str], code: CodeType | None) -> Iterator[None]:
    before = sys.argv, sys.path[:], sys.modules["__main__"]
    sys.argv = list(argv)
    if code is not None:
        main = ModuleType("__main__")
        main.__dict__.update(
            __file__=argv[0], __builtins__=__builtins__, __cached__=None
        )
        sys.modules["__main__"] = main
    if not sys.flags.safe_path:
        script = os.path.realpath(argv[0])
        sys.path[0] = os.getcwd() if code is None else os.path.dirname(script)
    try:
        yield
    finally:
        sys.argv, sys.path[:], sys.modules["__main__"] = before


def _call(name: str, code: CodeType | None, module: bool) -> int:
    try:
        if code is not None:
            exec(code, sys.modules["__main__"].__dict__)
        elif module:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(name, run_name="__main__")
    except SystemExit as error:
        return _status(error.code)
    except BaseException as error:
        _drop_frames(error)
        sys.excepthook(type(error), error, error.__traceback__)
        return EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _status(code: object) -> int:
    """As the interpreter makes an exit status of SystemExit.code."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _drop_frames(error: BaseException) -> None:
    """Leave in the traceback what comes below this file and runpy."""
    frames: TracebackType | None = error.__traceback__
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    while frames is not None and frames.tb_frame.f_code.co_filename in ours:
        frames = frames.tb_next
    error.__traceback__ = frames


def _join_threads() -> None:
    """Wait for all threads that are not daemons, as Python does before it exits."""
    while True:
        threads = [
            thread
            for thread in threading.enumerate()
            if not thread.daemon and thread is not threading.current_thread()
        ]
        if not threads:
            return
        for thread in threads:
            thread.join()


def _report(trace: Trace, output: Path | None, chrome_output: Path | None) -> int:
    sys.stdout.flush()
    colour = sys.stderr.isatty()
    width = os.get_terminal_size(sys.stderr.fileno()).columns if colour else 80
    sys.stderr.write(scope_terminal.render(trace, width, colour))
    try:
        if output is not None:
            trace.save(output)
        if chrome_output is not None:
            write_whole(chrome_output, json.dumps(chrome.render(trace)) + "\n")
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}")
    return 0


def _refuse(reason: str) -> int:
    print(f"gil-lab: {reason}", file=sys.stderr)
    return EXIT_USAGE
