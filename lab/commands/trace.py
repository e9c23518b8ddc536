"""python -m lab trace: show a kept trace, or list those of a folder."""

import json
import shlex
from pathlib import Path

from lab.commands.kept_trace import Kept
from lab.errors import UsageError
from lab.records.trace import KIND
from lab.records.trace_file import load
from lab.renderers import trace_terminal
from lab.renderers.console import console
from lab.system.files import check_output


def run(path: Path, **exports: Path | None) -> int:
    """Show a trace, and keep it in other forms too (kept_trace.EXPORTS); of a folder,
    which traces it has.

    Returns 0. UsageError for what is no trace, and for what cannot be written.
    """
    try:
        if path.is_dir():
            if any(exports.values()):
                raise UsageError(f"{path}: a folder: name one of its traces to keep it")
            return _list(path)
        for output in filter(None, exports.values()):
            check_output(output, path)
        found = load(path)
        Kept(None, **exports).write(found)
    except OSError as error:
        raise UsageError(f"{error.filename or path}: {error.strerror}") from error
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error
    out = console()
    print(trace_terminal.render(found, out.width, out.is_terminal), end="")
    return 0


def _list(folder: Path) -> int:
    """Which traces there are, and how to see one."""
    traces = _traces(folder)
    if not traces:
        inside = [it for it in sorted(folder.iterdir()) if it.is_dir() and _traces(it)]
        more = f": look into {inside[-1]}" if inside else ": make bench keeps some"
        raise UsageError(f"{folder}: no trace in it{more}")
    for path in traces:
        print(path)
    print(f"\nTo see one: python -m lab trace {shlex.quote(str(traces[0]))}")
    return 0


def _traces(folder: Path) -> list[Path]:
    """The traces in a folder, by the beginning of the files, as they may be long."""
    start = json.dumps({"kind": KIND})[:-1].encode()
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(start)) == start:
                    found.append(path)
    return found
