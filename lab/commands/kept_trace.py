"""A trace, kept in the files that were asked for."""

import json
from pathlib import Path

from lab.errors import UsageError
from lab.records.trace import Trace
from lab.renderers import chrome_trace
from lab.system.files import write_whole


def keep(trace: Trace, output: Path | None, chrome_output: Path | None) -> None:
    """Write it as JSON, and for Perfetto. UsageError where a file cannot be written."""
    try:
        if output is not None:
            trace.save(output)
        if chrome_output is not None:
            write_whole(chrome_output, json.dumps(chrome_trace.render(trace)) + "\n")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
