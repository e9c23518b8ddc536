"""Lines of code cut from the real source, so that what is shown cannot go stale."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAB = Path(__file__).parents[1]
# How far the lines of a function are shown to the right of its head.
STEP = 4


class SourceChangedError(LookupError):
    """A function, or a line that was to be shown, is no longer in its source."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Some lines of one function, as they stand in its file."""

    file: str
    """Its path below the package's parent, such as lab/kernels.pyx."""
    lines: tuple[tuple[int, str], ...]
    """Line number, counted from 1, and text. The first is the function's head; the
    others lose the indentation that they share beyond one step."""


def cut(file: str, function: str, *marks: str) -> Cut:
    """The head of a function in lab/, and its lines that contain a mark, in order.

    file: below lab/, Python or Cython. Each mark must be in exactly one line of the
    body. Raises SourceChangedError; OSError where the file is not there.
    """
    lines = (LAB / file).read_text(encoding="utf-8").splitlines()
    start = _head(lines, function, f"lab/{file}")
    body = lines[start : _end(lines, start)]
    return _picked(f"lab/{file}", start + 1, body, marks)


def cut_function(function: Callable[..., Any], *marks: str) -> Cut:
    """The same of a Python function of the running interpreter, wherever it lies."""
    try:
        lines, first = inspect.getsourcelines(function)
        path = inspect.getsourcefile(function)
    except (OSError, TypeError) as error:
        raise SourceChangedError(f"{function!r}: no source ({error})") from None
    parts = Path(path or "?").parts
    # Below the folder of the standard library, a class in a package keeps that.
    package = function.__module__.split(".")[0]
    known = [place for place, part in enumerate(parts) if Path(part).stem == package]
    file = "/".join(parts[known[-1] :] if known else parts[-1:])
    return _picked(file, first, [line.rstrip("\n") for line in lines], marks)


def _head(lines: Sequence[str], function: str, file: str) -> int:
    """The place of the line that begins the function."""
    pattern = re.compile(rf"\s*(async )?(cdef|cpdef|def)\b[^(=]*\b{function}\(")
    found = [place for place, line in enumerate(lines) if pattern.match(line)]
    if len(found) != 1:
        raise SourceChangedError(f"{file}: {len(found)} functions named {function}")
    return found[0]


def _end(lines: Sequence[str], start: int) -> int:
    """The place after the function that begins at start."""
    inside = _indent(lines[start])
    begun = False
    for place in range(start, len(lines)):
        line = lines[place]
        if begun and line.strip() and _indent(line) <= inside:
            return place
        # A head over several lines closes its bracket as far out as it began.
        begun = begun or line.rstrip().endswith(":")
    return len(lines)


def _picked(file: str, first: int, body: Sequence[str], marks: Sequence[str]) -> Cut:
    chosen = []
    for mark in marks:
        places = [place for place in range(1, len(body)) if mark in body[place]]
        if len(places) != 1:
            name = body[0].strip()
            raise SourceChangedError(
                f"{file}, {name}: {len(places)} lines contain {mark!r}"
            )
        chosen += places
    outer = min((_indent(body[place]) for place in chosen), default=0)
    inner = " " * STEP
    lines = [
        (first + place, inner + body[place][outer:]) for place in sorted(set(chosen))
    ]
    return Cut(file, ((first, body[0].lstrip()), *lines))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
