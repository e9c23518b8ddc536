"""Lines and stacks, as records."""

import pytest

from lab.records import codec
from lab.records.lines import Line, StackNode, of_program, of_threads

NODES = (
    StackNode(None, 0, 5, 0.0, 0.0),
    StackNode(None, 1, 5, 0.0, 0.0),
    StackNode(0, 0, 6, 0.1, 0.0),
    StackNode(1, 1, 6, 0.2, 0.1),
    StackNode(3, 1, 7, 0.3, 0.0),
)


def test_chosen_threads_keep_their_stacks_and_get_new_places() -> None:
    assert of_threads(NODES, {1: 0}) == (
        StackNode(None, 0, 5, 0.0, 0.0),
        StackNode(0, 0, 6, 0.2, 0.1),
        StackNode(1, 0, 7, 0.3, 0.0),
    )
    assert of_threads(NODES, {0: 0, 1: 1}) == NODES
    assert of_threads(NODES, {}) == ()


def test_a_program_is_told_from_what_runs_it() -> None:
    files = ("start.py", "run.py", "runpy.py", "program.py")
    lines = [Line(file, 1, "f") for file in files]
    start, runner, helper, program = range(4)
    stacks = (
        StackNode(None, 0, start, 0.1, 0.0),
        StackNode(0, 0, runner, 0.0, 0.0),
        StackNode(1, 0, helper, 0.0, 0.0),
        StackNode(2, 0, program, 0.2, 0.1),
        StackNode(3, 0, helper, 0.3, 0.0),  # the program's own use of it
        StackNode(1, 0, program, 0.1, 0.0),
        StackNode(None, 1, helper, 0.1, 0.0),  # and a thread's
    )
    assert of_program(stacks, lines, "run.py", {"runpy.py"}) == (
        StackNode(None, 0, program, 0.2, 0.1),
        StackNode(0, 0, helper, 0.3, 0.0),
        StackNode(None, 0, program, 0.1, 0.0),
        StackNode(None, 1, helper, 0.1, 0.0),
    )
    assert of_program(stacks, lines, "other.py", {"runpy.py"}) == stacks


def test_names_are_harmless_from_the_beginning() -> None:
    line = Line("a\x1b.py", 1, "f\ng", "h\u202e")
    assert (line.file, line.function, line.callee) == ("a\\x1b.py", "f\\ng", "h\\u202e")


@pytest.mark.parametrize("wrong", [{"held": 1.5}, {"line": -1}, {"longest_s": -0.1}])
def test_what_no_line_can_be_is_refused(wrong: dict[str, float]) -> None:
    plain = codec.encode(Line("a.py", 1, "f"))
    assert codec.decode(Line, plain) == Line("a.py", 1, "f")
    with pytest.raises(ValueError, match=next(iter(wrong))):
        codec.decode(Line, plain | wrong)
