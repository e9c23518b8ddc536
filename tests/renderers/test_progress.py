"""How far the bench is: a bar on a terminal, a line now and then in a pipe."""

from collections.abc import Iterator

import pytest

from lab.renderers.progress import draw
from tests.terminal import Terminal


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _lines(clock: Clock, steps: int, each_s: float) -> Iterator[str]:
    for step in range(steps):
        yield f"{step}\t{steps}\tit {step}\n"
        clock.now_s += each_s


def test_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    draw(_lines(clock, 100, 0.25), 20.0, clock)
    out, err = capsys.readouterr()
    assert out == ""
    first, second, third = err.splitlines()
    assert first == "[1/100] it 0, 20 s left"
    # Slower than expected: more is left than the 12 s that were promised.
    assert second == "[41/100] it 40, 13 s left"
    assert third.startswith("[81/100] it 80, 5 s left")


def test_without_an_expectation(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    draw(_lines(clock, 4, 10.0), None, clock)
    assert capsys.readouterr().err.splitlines() == [
        "[1/4] it 0",
        "[2/4] it 1",  # it may be a rare one
        "[3/4] it 2, 20 s left",
        "[4/4] it 3, 10 s left",
    ]


@pytest.mark.parametrize(("expected_s", "left_s"), [(None, 6), (25.0, 17)])
def test_a_call_that_hangs_is_no_pace(
    capsys: pytest.CaptureFixture[str], expected_s: float | None, left_s: int
) -> None:
    """A file is compiled; two calls are ended after 10 s, and the process with them."""
    clock = Clock()

    def lines() -> Iterator[str]:
        for done, took_s in enumerate((4, 0.25, 0.25, 10, 0.25, 10)):
            yield f"{done}\t30\tit {done}\n"
            clock.now_s += took_s
        yield "6\t30\tlast\n"

    draw(lines(), expected_s, clock)
    *_, last = capsys.readouterr().err.splitlines()
    # 24 steps of 0.25 s; what was expected counts for as much as is left.
    assert last == f"[7/30] last, {left_s} s left"


def test_it_never_goes_back(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()

    def lines() -> Iterator[str]:
        for line in ("0\t6\ta\n", "5\t6\tb\n", "0\t1\tlate\n"):
            yield line
            clock.now_s += 10

    draw(lines(), None, clock)
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        *("[1/6] a", "[6/6] b", "[6/6] late")
    ]


SLOWLY = """
import time
from lab.renderers.progress import draw

def lines():
    for step in range(20):
        yield f"{step}\\t20\\tmandelbrot {step}\\n"
        time.sleep(0.1)

draw(lines(), 40.0)
print("over")
"""


@pytest.mark.slow
def test_one_bar_that_disappears() -> None:
    with Terminal(SLOWLY, rows=8) as shown:
        text = shown.until("mandelbrot 1")
        (line,) = (line for line in text.splitlines() if line.strip())
        assert "/20 " in line
        assert line.rstrip().endswith(" s left")
        shown.until("over")
        assert shown.end() == 0
        assert [line for line in shown.lines if line] == ["over"]
        assert not shown.cursor_hidden
