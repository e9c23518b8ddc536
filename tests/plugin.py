"""Suites that use the plug-in, run by pytest."""

import textwrap

import pytest

from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled

needs_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to release")
needs_scope = pytest.mark.skipif(
    unavailable() is not None, reason=f"no scope: {unavailable()}"
)
STRICT = ("-p", "no:cacheprovider", "--strict-markers", "-W", "error")
# Calls that do one thing alone, so that no machine is too busy for an answer.
CALLS = """
    import ctypes, time
    import pytest
    held = ctypes.PyDLL(None).usleep
    released = ctypes.CDLL(None).usleep
"""


def run(
    pytester: pytest.Pytester, tests: str, *arguments: str, calls: str = CALLS
) -> pytest.RunResult:
    """A suite of these tests, with warnings as errors."""
    source = textwrap.dedent(calls) + textwrap.dedent(tests)
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess(*STRICT, *arguments)


def text_of(result: pytest.RunResult) -> str:
    return result.stdout.str()
