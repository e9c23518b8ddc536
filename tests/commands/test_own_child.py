"""The process that tries, compares and races the user's own kernels."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.commands.bench_child import BenchChild
from lab.commands.own_child import NOTHING
from lab.records.results import parse
from tests.command_line import ROOT

SOURCE = """
def work_held(n):
    return sum(range(n))

def work_released(n):
    return sum(range(n))

def unknown_held(a, b):
    pass
"""


def _run(file: Path, *arguments: str) -> BenchChild:
    child = BenchChild(["-m", "lab.commands.own_child"], ROOT, 60.0)
    with ExitStack() as stack:
        child.begin(stack, [*arguments, str(file)], {"THREADS": "2"})
        list(child.follow())
    return child


@pytest.mark.slow
def test_the_first_process_tries_and_the_next_races_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    first = _run(tmp_path / "mine.py", "--process", "0/2")
    assert first.code == 0, first.printed
    assert first.began == [
        "importing mine.py",
        *("work: held is tried", "work: released is tried"),
        *("work held x2", "work released x2"),
    ]
    assert [one.subject for one in first.failures] == ["unknown"]
    races = parse(first.content, "run").races
    assert [race.twin for race in races] == ["held", "released"]
    assert races[0].size == races[1].size == first.sizes["work held size"]

    sizes = json.dumps(first.sizes)
    left = json.dumps(["work released"])
    arguments = "--process", "1/2", "--sizes", sizes, "--left-out", left
    second = _run(tmp_path / "mine.py", *arguments)
    assert second.began == ["importing mine.py", "work held x2"]
    assert not second.failures


def test_what_cannot_be_imported_is_a_failure_and_is_not_tried_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    child = _run(tmp_path / "broken.py")
    assert child.code == NOTHING
    (failure,) = child.failures
    assert failure.reason.startswith("ZeroDivisionError")
    assert "broken.py:1" in failure.place
    again = _run(tmp_path / "broken.py", "--left-out", '["broken.py"]')
    assert (again.code, again.began, again.failures) == (NOTHING, [], [])
