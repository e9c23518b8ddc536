"""A trace, kept in the files that were asked for."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from lab.errors import UsageError
from lab.records.trace import Trace
from lab.system.files import write_whole

# What a trace can be written as, by the name of the option's value: its renderer's
# module, and what that is told.
EXPORTS: dict[str, tuple[str, dict[str, bool]]] = {
    "chrome_output": ("chrome_trace", {}),
    "speedscope_output": ("speedscope", {}),
    "collapsed_output": ("collapsed", {}),
    "waited_output": ("collapsed", {"wanted": True}),
}


class Kept:
    """The files that a trace is to be kept in: as JSON, and in the forms of EXPORTS
    that have a path.

    What writes them is imported here, and no more than that: a program under the scope
    may leave nowhere to import from, and one that is looked at pays for each import.
    """

    def __init__(self, output: Path | None, **exports: Path | None) -> None:
        self._output = output
        if output is not None:
            import_module("lab.records.trace_file")
        self._exports: list[tuple[Path, Callable[[Trace], str]]] = []
        for name, path in exports.items():
            if path is not None:
                module, how = EXPORTS[name]
                render = import_module(f"lab.renderers.{module}").render
                self._exports.append((path, partial(render, **how)))

    def write(self, trace: Trace) -> None:
        """UsageError where a file cannot be written."""
        try:
            if self._output is not None:
                trace.save(self._output)
            for path, render in self._exports:
                write_whole(path, render(trace))
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}") from error
