"""What held longest within a call, in words."""

import dataclasses
import json
from pathlib import Path

import pytest

import lab
from lab.instruments import observation
from lab.instruments.held_in import held_in
from lab.instruments.probe import probe
from lab.instruments.scope import unavailable
from lab.kernels import nanosleep_held, nanosleep_released
from lab.records.lines import Line, StackNode
from lab.records.trace import Trace

OURS = Line(observation.__file__, 10, "TimedCall.call")
OWN = Line("/src/report.py", 31, "total", "json.loads")
LIBRARY = Line(json.__file__, 346, "loads", "_default_decoder.decode")


def _words(trace: Trace, *lines: Line) -> str:
    stacks = tuple(
        StackNode(place - 1 if place else None, 0, place, 0.25 * (line is lines[-1]), 0)
        for place, line in enumerate(lines)
    )
    return held_in(dataclasses.replace(trace, lines=lines, stacks=stacks))


def test_the_program_names_what_it_called_itself(trace: Trace) -> None:
    words = "json.loads, called at /src/report.py:31"
    assert _words(trace, OURS, OWN) == words
    assert _words(trace, OURS, dataclasses.replace(OWN, callee=""), LIBRARY) == words
    assert (
        _words(trace, OURS, dataclasses.replace(OWN, callee=""))
        == "total, at /src/report.py:31"
    )


def test_a_library_called_directly_names_what_it_calls(trace: Trace) -> None:
    assert (
        _words(trace, OURS, LIBRARY)
        == "_default_decoder.decode, called at json/__init__.py:346"
    )


def test_what_only_the_lab_held_has_no_name(trace: Trace) -> None:
    assert _words(trace, OWN, OURS) == ""
    assert held_in(dataclasses.replace(trace, stacks=())) == ""


def call() -> None:
    nanosleep_released(0.02)
    nanosleep_held(0.06)


@pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
def test_a_probe_tells_it() -> None:
    found = probe(call)
    line = call.__code__.co_firstlineno + 2
    file = Path(__file__).relative_to(Path.cwd())
    words = f"nanosleep_held, called at {file}:{line}"
    told = found.verdict in ("held", "partly")
    assert found.held_in == (words if told else "")
    assert (f"  held in       {words[:30]}" in str(found)) == told
    assert probe(nanosleep_released, 0.05).held_in == ""
    assert lab.probe is probe
