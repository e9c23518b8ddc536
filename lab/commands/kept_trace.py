"""A trace, kept in the files that were asked for."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lab.errors import UsageError
from lab.records.trace import Trace
from lab.renderers import chrome_trace, collapsed, speedscope
from lab.system.files import write_whole

# What a trace can be written as, by the name of the option's value.
EXPORTS: dict[str, Callable[[Trace], str]] = {
    "chrome_output": lambda trace: json.dumps(chrome_trace.render(trace)) + "\n",
    "speedscope_output": speedscope.render,
    "collapsed_output": collapsed.render,
    "waited_output": partial(collapsed.render, wanted=True),
}


def keep(trace: Trace, output: Path | None, **exports: Path | None) -> None:
    """Write it as JSON, and in the forms of EXPORTS that have a path. UsageError where
    a file cannot be written."""
    try:
        if output is not None:
            trace.save(output)
        for name, path in exports.items():
            if path is not None:
                write_whole(path, EXPORTS[name](trace))
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
