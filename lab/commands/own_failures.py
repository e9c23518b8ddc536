"""What is told of the user's own code that failed: why, and where."""

import traceback
from pathlib import Path

from lab.calls.compiled import CompileError
from lab.calls.own import ArgumentsError
from lab.errors import UsageError


class NotRacedError(Exception):
    """Why a twin is not raced, in a line."""


def reason(error: BaseException) -> str:
    """Why one of the user's own kernels is not raced, in a line."""
    if isinstance(error, CompileError):
        return "it does not compile: see above"
    if isinstance(error, SystemExit):
        return f"it called exit({error.code if error.code is not None else ''})"
    if isinstance(error, NotRacedError | ArgumentsError | UsageError):
        return str(error)
    return traceback.format_exception_only(error)[-1].strip()


def place(error: BaseException) -> str:
    """The innermost line of the user's own; empty for what only the lab has found."""
    if isinstance(error, ArgumentsError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    if isinstance(error, CompileError | NotRacedError | ArgumentsError | UsageError):
        return ""
    package = Path(__file__).resolve().parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        # Compiled modules of the lab know their files by a name below its parent.
        path = Path(package.parent, frame.filename)
        user = not path.is_relative_to(package) and "importlib" not in frame.filename
        if user and not frame.filename.startswith("<"):
            return f"{frame.filename}:{frame.lineno}"
    return ""
