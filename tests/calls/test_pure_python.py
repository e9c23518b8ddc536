"""What is known of the sequences and the set that the kernels compute."""

import numpy as np
import pytest

from lab.calls.pure_python import collatz, mandelbrot


@pytest.mark.parametrize(
    ("below", "longest"), [(0, 0), (1, 0), (2, 1), (10, 9), (30, 27), (1000, 871)]
)
def test_the_longest_chain(below: int, longest: int) -> None:
    assert collatz(below) == longest


def test_what_is_inside_the_set_is_never_left() -> None:
    out = np.zeros((40, 40), dtype=np.int32)
    mandelbrot(out, 50)
    assert out[20, 32] == 50  # 0 itself
    assert out[20, 16] == 50  # -1
    assert out[0, 0] < 3  # -2 - 1.25j
    assert (out[1:20] == out[39:20:-1]).all()  # it lies evenly about the real axis
