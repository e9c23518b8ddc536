"""Recorded results and traces, changed at random: all is shown, or one line says why
not.

A few hundred changes in any run of the tests; FULL=1 makes it 20,000, which takes
half an hour and more: make test FULL=1 ARGS='tests/test_mutated.py'.
"""

import copy
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.cli import main
from lab.records import trace, trace_file
from lab.records.results import KEY, ForeignFileError, parse
from lab.verdicts.run import judged
from tests.every_renderer import SLOW, TRACES, every

RECORDS = Path(__file__).parent / "data"
FEW, MANY = 150, 20_000
QUICK = settings(
    max_examples=FEW,
    deadline=None,  # a loaded machine takes as long as it takes
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
LONG = settings(QUICK, max_examples=MANY, derandomize=False)
# One in so many is drawn by Altair too.
DRAWN = 200

NUMBERS = st.one_of(
    st.sampled_from([-0.0, 1.5, 5e-324, 1e-300, 1e-18, 1e18, 1e308]),
    st.floats(-1, 2, allow_nan=False),
)
TEXTS = st.sampled_from(
    [
        *("", "kernels", "break-even", "handoff", "responsiveness", "held", "released"),
        *("blocking", "compute", "memory", "threads help", "s", "x", "waits", "holds"),
        *("\x1b]0;x\x07", "[/]", "x" * 300, "\ud800"),
    ]
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**18, 2**62, 2**63, -(2**63), 10**400, -(10**400)]),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, 5e-324, 1e-300, 1e-18, 1e18, 1e308]),
    st.text(max_size=8),
    st.sampled_from(
        ["\x1b]0;x\x07", "[/]", "kernels", "blocking", "x" * 300, "\ud800"]
    ),
    st.just([]),
    st.just({}),
    st.builds(lambda n: json.loads("[" * n + "]" * n), st.integers(1, 200)),
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to each value in JSON."""
    if path:
        yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _places(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _places(value, (*path, number))


def _small(content: dict[str, Any]) -> dict[str, Any]:
    """A record of each kind, each with its beginning only: an odd value at one of
    a hundred thousand places would mostly be one more odd stamp."""
    kept: dict[str, int] = {}
    for benchmark in content["benchmarks"]:
        records = benchmark["extra_info"].get(KEY, [])
        benchmark["extra_info"] = {KEY: [one for one in records if _few(one, kept)]}
        benchmark.pop("stats", None)
        benchmark.pop("options", None)
    filled = [one for one in content["benchmarks"] if one["extra_info"][KEY]]
    return {**content, "benchmarks": filled, "commit_info": {}}


def _few(record: dict[str, Any], kept: dict[str, int]) -> bool:
    kind = f"{record['kind']} {record.get('experiment')} {record.get('bound')}"
    kept[kind] = kept.get(kind, 0) + 1
    if "rounds" in record:
        del record["rounds"][5:]
    if "trace" in record:
        del record["trace"]["segments"][12:]
    return kept[kind] == 1


RESULTS = [
    _small(json.loads((RECORDS / name).read_text()))
    for name in ("whole.json", "simulated_smt.json", "held.json", "free_threaded.json")
]
ONE_TRACE = {
    "kind": trace.KIND,
    "format": trace.FORMAT,
    **next(
        record["trace"]
        for benchmark in RESULTS[0]["benchmarks"]
        for record in benchmark["extra_info"][KEY]
        if record["kind"] == "timeline"
    ),
}
DEPTH = [list(_places(one)) for one in (*RESULTS, ONE_TRACE)]


def _mutate(data: st.DataObject, content: Any, places: list[tuple[Any, ...]]) -> Any:
    """The same with up to three values changed: mostly for one of their own kind, as
    others are refused at once; or left out."""
    content = copy.deepcopy(content)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places))
        node = content
        try:
            for step in path[:-1]:
                node = node[step]
            old = node[path[-1]]
            how = data.draw(st.sampled_from([*["alike"] * 8, "odd", "gone"]))
            if how == "gone":
                del node[path[-1]]
            elif how == "odd":
                node[path[-1]] = data.draw(ODD)
            else:
                node[path[-1]] = _alike(data, old)
        except (KeyError, IndexError, TypeError):
            continue  # the way there was changed before
    return content


def _alike(data: st.DataObject, old: Any) -> Any:
    """Another value of the same kind."""
    if type(old) is bool or old is None:
        return data.draw(st.sampled_from([None, True, False, 0.5]))
    if type(old) is int:
        near = st.sampled_from([0, 1, 2, old + 1, old - 1, old * 2, old * 1000, 2**62])
        return data.draw(near | st.integers(0, 2**63))
    if type(old) is float:
        near = st.sampled_from([0.0, 0.5, 1.0, -old, old / 1e6, old * 2, old * 1e6])
        return data.draw(near | NUMBERS)
    if type(old) is str:
        return data.draw(TEXTS | st.text(max_size=8))
    if type(old) is list:
        return data.draw(st.sampled_from([old[:1], old[1:], old[::-1], old + old]))
    return old


def _is_one_line(error: Exception) -> None:
    assert str(error).isprintable()
    assert len(str(error)) > 10


def _results(data: st.DataObject, drawn: bool) -> None:
    place = data.draw(st.integers(0, len(RESULTS) - 1))
    content = _mutate(data, RESULTS[place], DEPTH[place])
    # As it comes from a file.
    content = json.loads(json.dumps(content))
    try:
        run = parse(content, "run.json")
    except ForeignFileError as error:
        _is_one_line(error)
        return
    for name, shown in every(judged(run, "run"), slow=drawn):
        assert shown.strip() or not run.races, name


def _traces(data: st.DataObject, folder: Path, drawn: bool) -> None:
    path = folder / "one.json"
    path.write_text(json.dumps(_mutate(data, ONE_TRACE, DEPTH[-1])))
    try:
        found = trace_file.load(path)
    except ValueError as error:
        _is_one_line(error)
        return
    for name, show in TRACES.items():
        if drawn or name not in SLOW:
            assert show(found)


@pytest.mark.slow
@QUICK
@given(st.data())
def test_a_changed_result_is_shown_or_refused(data: st.DataObject) -> None:
    _results(data, drawn=False)


def test_a_changed_trace_is_shown_or_refused(tmp_path: Path) -> None:
    @QUICK
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        _traces(data, tmp_path, drawn=False)

    tried()


@pytest.mark.slow
def test_a_changed_result_is_drawn_or_refused(drawing: None) -> None:
    @settings(QUICK, max_examples=10)
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        _results(data, drawn=True)

    tried()


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("FULL"), reason="FULL=1 tries it, in minutes")
def test_thousands_of_changes(tmp_path: Path, drawing: None) -> None:
    @LONG
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        drawn = data.draw(st.integers(0, DRAWN)) == DRAWN
        if data.draw(st.integers(0, 3)):
            _results(data, drawn)
        else:
            _traces(data, tmp_path, drawn)

    tried()


@pytest.mark.parametrize("value", [True, "x", math.nan, 10**400, [[[]]]])
def test_the_commands_refuse_in_one_line(
    value: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    for content, command in ((RESULTS[0], "report"), (ONE_TRACE, "trace")):
        bad = copy.deepcopy(content)
        if command == "report":
            bad["benchmarks"][0]["extra_info"][KEY][0]["kind"] = value
        else:
            bad["duration_s"] = value
        path.write_text(json.dumps(bad))
        assert main([command, str(path)]) == 2
        told = capfd.readouterr()
        assert told.out == ""
        assert told.err.count("\n") == 1
        assert str(path) in told.err
