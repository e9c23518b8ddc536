"""A trace, kept in the files that were asked for."""

from importlib import import_module
from pathlib import Path

from lab.errors import UsageError
from lab.records.trace import Trace
from lab.system.files import write_whole

# What a trace can be written as, by the name of the option's value: the renderer, which
# is imported when it is asked for, and what else it is told.
EXPORTS: dict[str, tuple[str, dict[str, bool]]] = {
    "chrome_output": ("chrome_trace", {}),
    "speedscope_output": ("speedscope", {}),
    "collapsed_output": ("collapsed", {}),
    "waited_output": ("collapsed", {"wanted": True}),
}


def keep(trace: Trace, output: Path | None, **exports: Path | None) -> None:
    """Write it as JSON, and in the forms of EXPORTS that have a path. UsageError where
    a file cannot be written."""
    try:
        if output is not None:
            trace.save(output)
        for name, path in exports.items():
            if path is not None:
                renderer, how = EXPORTS[name]
                render = import_module(f"lab.renderers.{renderer}").render
                write_whole(path, render(trace, **how))
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
