"""python -m lab probe: whether one call releases the GIL."""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from lab.calls.expression import prepared_call
from lab.errors import UsageError
from lab.instruments.probe import traced
from lab.instruments.watchdog import watchdog
from lab.records.harmless import harmless


def run(expression: str, setup: str, *, as_json: bool) -> int:
    """Print the verdict on a call, after the statements of setup, or print it as JSON.

    Returns 0, or 1 where the call raised. UsageError for a typing error in either.
    """
    found = None
    with one_line_errors():
        func, arguments, keywords = prepared_call(expression, setup)
        with watchdog() as progress:
            found, _ = traced(func, arguments, dict(keywords), progress=progress)
    if found is None:
        return 1
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        print(found)
    return 0


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What the user's code raises ends in its last line, not in a traceback."""
    # It may use modules that lie here, as it may in `python -c`.
    sys.path.insert(0, os.getcwd())
    try:
        yield
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:
        # rich leaves by SystemExit where nobody reads what it prints.
        if isinstance(error, SystemExit) and isinstance(
            error.__context__, BrokenPipeError
        ):
            raise
        text = traceback.format_exception_only(error)[-1].rstrip()
        print(harmless(text), file=sys.stderr)
