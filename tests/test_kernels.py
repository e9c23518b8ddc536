"""Every kernel computes what it says, and its twins agree to the bit."""

import math
import os
import re
import signal
import textwrap
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import kernels
from lab.calls import pure_python
from lab.calls.kernel import Kernel
from lab.catalogue import catalogue
from lab.instruments.stopwatch import timed

LAB = Path(__file__).parent.parent / "lab"
ENDS = ("held", "released")
SAMPLED = [
    pytest.param(kernel, id=kernel.name) for kernel in catalogue() if kernel.sample
]


def _bits(value: Any) -> Any:
    """As something that == compares bit for bit, whatever a kernel takes or returns."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.generic):
        return _bits(value.item())
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [_bits(each) for each in value]
    return value


@pytest.mark.parametrize("kernel", SAMPLED)
def test_twins_agree_bit_for_bit(kernel: Kernel) -> None:
    assert kernel.sample is not None
    outcomes = {}
    for twin in kernel.twins:
        if twin.function is not None:
            arguments = kernel.sample()
            outcomes[twin.name] = _bits((twin.function(*arguments), arguments))
    first, *others = outcomes
    assert others, "a sample, and nothing to compare"
    for other in others:
        assert outcomes[other] == outcomes[first], f"{other} differs from {first}"


@pytest.mark.parametrize("kernel", SAMPLED)
def test_twins_write_something(kernel: Kernel) -> None:
    """A sample that does no work would make every twin agree."""
    assert kernel.sample is not None
    for twin in kernel.twins:
        if twin.function is not None:
            arguments = kernel.sample()
            before = _bits(arguments)
            result = twin.function(*arguments)
            returned = result is not None and np.any(result)
            assert returned or _bits(arguments) != before, f"{twin.name}: no work"


def test_mandelbrot_against_numpy() -> None:
    height, width, max_iter = 24, 32, 50
    out = np.zeros((height, width), np.int32)
    kernels.mandelbrot_held(out, max_iter)
    y, x = np.mgrid[:height, :width]
    c = (-2.0 + 2.5 * x / width) + 1j * (-1.25 + 2.5 * y / height)
    z, expected = np.zeros_like(c), np.zeros((height, width), np.int32)
    for _ in range(max_iter):
        inside = abs(z) <= 2
        expected += inside
        z = np.where(inside, z * z + c, z)
    # A point on the very edge may round either way in complex arithmetic.
    assert np.mean(out == expected) > 0.99


def test_collatz_known() -> None:
    assert kernels.collatz_held(10) == 9
    assert kernels.collatz_held(100_000) == 77_031
    assert [kernels.collatz_released(n) for n in range(4)] == [0, 0, 1, 2]


@pytest.mark.parametrize("passes", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 7, 8, 31, 32, 33, 1000])
def test_sum_squares_against_numpy(size: int, passes: int) -> None:
    values = np.linspace(-3, 7, size)
    held = kernels.sum_squares_held(values, passes)
    assert held == pytest.approx(passes * np.dot(values, values))
    values.flags.writeable = False
    assert kernels.sum_squares_released(values, passes) == held


SOURCES = {path.stem: path.read_text() for path in LAB.rglob("*.pyx")}
PAIRS = [
    pytest.param(text, name, id=f"{file}-{name}")
    for file, text in SOURCES.items()
    for name in re.findall(r"^def (\w+)_held\(", text, re.M)
]


def _statements(source: str, function: str) -> str:
    """The function without its docstring and by the name `twin`."""
    docstring, body = r'    """(?s:.*?)"""\n', r"((?:    .*\n|\n)*)"
    found = re.search(rf"^def {function}(\(.*\n){docstring}{body}", source, re.M)
    assert found is not None, f"no def of one line with a docstring: {function}"
    return f"def twin{found[1]}{found[2].rstrip()}\n"


@pytest.mark.parametrize(("source", "name"), PAIRS)
def test_twins_differ_by_one_line(source: str, name: str) -> None:
    """The released twin, its `with nogil:` taken away, is the held one."""
    before, line, rest = _statements(source, f"{name}_released").partition(
        "    with nogil:\n"
    )
    assert line, "nothing is released"
    # What is released are the lines after it that stand further to the right.
    inside = re.match(r"(?:        .*\n)*", rest)
    assert inside is not None
    again = textwrap.indent(textwrap.dedent(inside[0]), "    ") + rest[inside.end() :]
    assert before + again == _statements(source, f"{name}_held")


def test_every_pair_is_compared() -> None:
    """A released twin without a held one, or the other way, is no pair."""
    ends = re.findall(r"^def (\w+)_(held|released)\(", SOURCES["kernels"], re.M)
    names = [name for name, _ in ends]
    assert len(names) >= 10
    assert sorted(ends) == sorted({(n, end) for n in names for end in ENDS})


IMAGES = [kernels.mandelbrot_held, kernels.mandelbrot_released]
SUMS = [kernels.sum_squares_held, kernels.sum_squares_released]
CHAINS = [kernels.collatz_held, kernels.collatz_released]
SLEEPS = [kernels.nanosleep_held, kernels.nanosleep_released]
READS = [kernels.read_held, kernels.read_released]


@pytest.mark.parametrize("function", SUMS)
def test_sum_squares_makes_every_pass(function: Callable[..., float]) -> None:
    """A hundred times the passes take over ten times the time: none is left out."""
    values = np.ones(2**16)

    def spent_ns(passes: int) -> int:
        return min(timed(partial(function, values, passes))[2] for _ in range(3))

    assert spent_ns(200) > 10 * spent_ns(2)


def _read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("function", IMAGES)
@pytest.mark.parametrize(
    "out",
    [
        pytest.param(np.zeros((4, 4)), id="float64"),
        pytest.param(np.zeros((4, 4), np.int64), id="int64"),
        pytest.param(np.zeros(4, np.int32), id="1-D"),
        pytest.param(np.zeros((2, 2, 2), np.int32), id="3-D"),
        pytest.param(np.zeros((4, 8), np.int32)[:, ::2], id="strided"),
        pytest.param(np.zeros((4, 4), np.int32).T[:, :3], id="transposed"),
        pytest.param(_read_only(np.zeros((4, 4), np.int32)), id="read-only"),
        pytest.param(np.zeros((0, 4), np.int32), id="empty"),
        pytest.param([[0]], id="list"),
        pytest.param(None, id="None"),
    ],
)
def test_bad_image_is_named_and_untouched(
    function: Callable[..., Any], out: Any
) -> None:
    before = np.array(out).tobytes() if out is not None else None
    with pytest.raises((ValueError, TypeError), match=r"^out: "):
        function(out, 10)
    assert out is None or np.array(out).tobytes() == before


@pytest.mark.parametrize("function", SUMS)
@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.zeros(4, np.float32), id="float32"),
        pytest.param(np.zeros((2, 2)), id="2-D"),
        pytest.param(np.zeros(8)[::2], id="strided"),
        pytest.param(np.zeros(0), id="empty"),
        pytest.param(3.0, id="number"),
    ],
)
def test_bad_vector_is_named(function: Callable[..., Any], values: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^values: "):
        function(values, 1)


@pytest.mark.parametrize("function", SUMS)
@pytest.mark.parametrize("passes", [0, -1, 10**9 + 1, 2**70, 1.5, "3", None])
def test_bad_passes_are_named(function: Callable[..., Any], passes: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^passes: "):
        function(np.ones(8), passes)


@pytest.mark.parametrize("function", CHAINS)
@pytest.mark.parametrize("n", [-1, 10**9 + 1, 2**70, 1.5, "3", None])
def test_bad_count_is_named(function: Callable[..., Any], n: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^n: "):
        function(n)


@pytest.mark.parametrize("function", IMAGES)
def test_bad_limit_touches_nothing(function: Callable[..., Any]) -> None:
    out = np.full((4, 4), 7, np.int32)
    with pytest.raises(ValueError, match=r"^max_iter: "):
        function(out, -1)
    assert (out == 7).all()


@pytest.mark.parametrize("function", SLEEPS)
@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e9, "1", None])
def test_bad_interval_is_named(function: Callable[..., Any], seconds: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^seconds: "):
        function(seconds)


@pytest.mark.parametrize("function", READS)
def test_read(function: Callable[..., Any]) -> None:
    reader, writer = os.pipe()
    try:
        os.write(writer, b"abc")
        buffer = bytearray(2)
        assert (function(reader, buffer), bytes(buffer)) == (2, b"ab")
        assert function(reader, buffer) == 1
        os.close(writer)
        assert function(reader, buffer) == 0
    finally:
        os.close(reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        function(reader, buffer)
    with pytest.raises(ValueError, match=r"^buffer: "):
        function(reader, b"read-only")
    with pytest.raises(ValueError, match=r"^buffer: "):
        function(reader, bytearray())
    with pytest.raises(ValueError, match=r"^fd: "):
        function(-1, bytearray(1))


@pytest.mark.parametrize("function", SLEEPS)
def test_sleep_goes_on_after_a_signal(function: Callable[..., Any]) -> None:
    with signals_every(0.01):
        start = time.monotonic()
        function(0.15)
        assert time.monotonic() - start >= 0.15


@pytest.mark.parametrize("function", READS)
def test_read_goes_on_after_a_signal(function: Callable[..., Any]) -> None:
    from lab.constructions.peer import Peer

    with Peer(1, delay_s=0.15) as peer, signals_every(0.01):
        channel = peer.channels[0]
        channel.send(b"?")
        assert function(channel.fileno(), bytearray(1)) == 1


class signals_every:  # noqa: N801 - reads as a verb in a with statement
    """SIGALRM in the main thread, again and again."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s

    def __enter__(self) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.before = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, self.interval_s, self.interval_s)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def test_interpreted_is_the_same_work() -> None:
    assert pure_python.collatz(1000) == kernels.collatz_held(1000)
