"""The pilot finds how much work lasts 20 ms, on processors of any speed."""

from collections.abc import Callable

import pytest

from lab.catalogue import catalogue
from lab.instruments.pilot import CALL_S, NEAR, find, sized
from lab.instruments.race import lap
from lab.records.race import Bound


@pytest.mark.parametrize(
    "time_s",
    [
        pytest.param(lambda n: 3e-9 * n, id="proportional"),
        pytest.param(lambda n: 2e-6 + 5e-12 * n, id="a-slow-start"),
        pytest.param(lambda n: 4e-9 * n**2, id="square"),
        pytest.param(lambda n: 1e-6 * n**0.5, id="root"),
        pytest.param(lambda n: 7e-4 * n, id="coarse"),
    ],
)
@pytest.mark.parametrize("slower", [0.2, 1.0, 5.0])
def test_find(time_s: Callable[[int], float], slower: float) -> None:
    size = find(lambda n: slower * time_s(n))
    assert 0.5 * CALL_S <= slower * time_s(size) <= 2 * CALL_S


def test_the_smallest_takes_long_already() -> None:
    assert find(lambda n: 0.3 * n) == 1


def test_a_size_that_changes_nothing() -> None:
    calls = []
    size = find(lambda n: calls.append(n) or 1e-6)  # type: ignore[func-returns-value]
    assert size >= 1
    assert len(calls) < 100


def test_a_limit_of_the_call() -> None:
    """Above 1000 the call refuses: the largest size tried below it is taken."""

    def time_s(size: int) -> float:
        if size > 1000:
            raise ValueError("n: expected 1 to 1000")
        return 1e-8 * size

    assert 250 < find(time_s) <= 1000


@pytest.mark.parametrize("name", ["mandelbrot", "collatz", "mixed"])
def test_kernels(name: str) -> None:
    """Twins of one binding do the same work; a call takes what it should."""
    kernel = next(row for row in catalogue() if row.name == name)
    sizes: dict[str, int] = {}
    scaled = [sized(kernel, twin, sizes) for twin in kernel.twins]
    native = {size for twin, size in scaled if twin.via == "Cython"}
    assert len(native) == 1
    twin, _ = scaled[0]
    with twin.workload(1) as calls:
        best_s = min(lap(calls[0]).cpu_ns for _ in range(5)) / 1e9
    # 10 to 40 ms: what a round wants, though clocks and neighbours may differ by now.
    assert 0.5 * CALL_S / NEAR <= best_s <= 2 * CALL_S * NEAR


def test_the_size_of_an_earlier_run() -> None:
    """Taken where it still fits; else, and where the call refuses it, found anew."""
    kernel = next(row for row in catalogue() if row.name == "collatz")
    _, found = sized(kernel, kernel.twins[0], {})
    assert found is not None
    near = found + found // 10
    for before, taken in ((near, True), (found // 50, False), (10**12, False)):
        _, size = sized(kernel, kernel.twins[0], {}, {"collatz Cython": before})
        assert (size == before) is taken


def test_fixed_work_stays() -> None:
    kernel = next(row for row in catalogue() if row.bound is Bound.BLOCKING)
    sizes: dict[str, int] = {}
    assert sized(kernel, kernel.twins[0], sizes) == (kernel.twins[0], None)
    assert not sizes
