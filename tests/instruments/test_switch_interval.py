"""The switch interval is as it was, whatever happened."""

import sys

import pytest

from lab.instruments.switch_interval import NEVER_S, switch_interval


@pytest.mark.parametrize("before_s", [0.005, 0.1, 1e-6, 0.123456])
def test_it_comes_back_to_the_microsecond(before_s: float) -> None:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(before_s + 0.5e-6)
    try:
        with switch_interval(NEVER_S):
            assert sys.getswitchinterval() == NEVER_S
        assert sys.getswitchinterval() == pytest.approx(before_s, abs=1e-9)
    finally:
        sys.setswitchinterval(usual_s + 0.5e-6)


def test_what_the_block_sets_or_raises_changes_nothing() -> None:
    usual_s = sys.getswitchinterval()

    def block() -> None:
        with switch_interval():
            sys.setswitchinterval(0.5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert sys.getswitchinterval() == usual_s
