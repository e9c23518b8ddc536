"""Kernels of known dose do the work they say; tests/test_scope.py watches them."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from lab.calls.doses import dose, mixed, wanting


def test_mixed_computes_the_same_however_it_is_split() -> None:
    values = {mixed(100, 0, 6), mixed(0, 100, 6), mixed(50, 50, 6), mixed(300, 0, 2)}
    assert len(values) == 1
    assert mixed(0, 0, 9) == mixed(9, 9, 0) == 1


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: dose(-1, 1, 1), ValueError, "hold_us"),
        (lambda: dose(1, float("nan"), 1), ValueError, "free_us"),
        (lambda: dose(0, 0, 1), ValueError, "free_us"),
        (lambda: dose(1, 1, 0), ValueError, "duration_s"),
        (lambda: dose(1, cast(Any, "x"), 1), TypeError, "free_us"),
        (lambda: wanting(-1, 1), ValueError, "free_us"),
        (lambda: wanting(1, 0), ValueError, "duration_s"),
        (lambda: mixed(-1, 1, 1), ValueError, "hold"),
        (lambda: mixed(1, cast(Any, 1.5), 1), TypeError, "free"),
        (lambda: mixed(1, 1, 10**13), ValueError, "cycles"),
    ],
)
def test_doses_name_the_wrong_argument(
    call: Callable[[], object], error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=f"^{name}: "):
        call()
