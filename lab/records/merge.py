"""The result files of several processes -> one, in pytest-benchmark's own format.

Races and series of the same name become one record each, whose rounds and values know
the process that they come from; timings of the same benchmark are put together.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from lab.records.race import Race
from lab.records.results import KEY
from lab.records.series import Series
from lab.records.timeline import Timeline

Plain = dict[str, Any]
# What makes two records the same figure, by their kind.
NAMES = {
    Race.KIND: ("kernel", "twin", "via", "threads"),
    Series.KIND: ("experiment", "subject"),
    Timeline.KIND: ("kernel", "twin"),
}


def merge(contents: Sequence[Plain]) -> Plain:
    """One content from one or more, each a process of its own, in order.

    What a file says of the machine is taken from the first.
    """
    merged: dict[str, Plain] = {}
    for process, content in enumerate(contents):
        for benchmark in content["benchmarks"]:
            mine = _of_process(benchmark, process)
            name = mine["fullname"]
            if name in merged:
                _add(merged[name], mine)
            else:
                merged[name] = mine
    files = list(dict.fromkeys(_file(name) for name in merged))
    whole = {**contents[0], "datetime": contents[-1].get("datetime", "")}
    whole["benchmarks"] = sorted(
        merged.values(), key=lambda one: files.index(_file(one["fullname"]))
    )
    return whole


def _file(name: str) -> str:
    return name.partition("::")[0]


def _of_process(benchmark: Plain, process: int) -> Plain:
    mine = deepcopy(benchmark)
    for record in _records(mine):
        if record["kind"] == Race.KIND:
            for round_ in record["rounds"]:
                round_["process"] = process
        elif record["kind"] == Series.KIND:
            record["processes"] = [process] * len(record["values"])
    return mine


def _add(whole: Plain, more: Plain) -> None:
    """Add one benchmark of another process to what there is of it."""
    if "stats" in whole:
        whole["stats"] |= _timings([*whole["stats"]["data"], *more["stats"]["data"]])
    known = {_name(record): record for record in _records(whole)}
    for record in _records(more):
        before = known.get(_name(record))
        if before is None:
            whole["extra_info"].setdefault(KEY, []).append(record)
        elif record["kind"] == Race.KIND:
            _join(before, record, "rounds", "shares", "dropped")
        elif record["kind"] == Series.KIND:
            _join(before, record, "values", "processes", "dropped")


def _timings(data: list[float]) -> Plain:
    # Only what was timed by pytest-benchmark needs it; one's own kernels are not.
    from pytest_benchmark.stats import Stats

    timings = Stats()  # type: ignore[no-untyped-call]  # it has no types
    timings.data = data
    figures = timings.as_dict()  # type: ignore[no-untyped-call]  # as above
    return {**figures, "data": timings.data}


def _join(whole: Plain, more: Plain, *names: str) -> None:
    for name in names:
        whole[name] = whole[name] + more[name]


def _records(benchmark: Plain) -> Iterable[Plain]:
    records: list[Plain] = benchmark["extra_info"].get(KEY, [])
    return records


def _name(record: Plain) -> tuple[str, ...]:
    kind = record["kind"]
    return (kind, *(str(record[name]) for name in NAMES[kind]))
