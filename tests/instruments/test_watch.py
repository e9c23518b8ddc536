"""A stretch of code, watched once."""

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from lab.instruments import watch as module
from lab.instruments.scope import Scope, unavailable
from lab.instruments.watch import Watch, _owners

pytestmark = pytest.mark.skipif(unavailable() is not None, reason="needs the scope")


class Unseeing(Scope):
    """It sees all of it, and says that it did not."""

    @property
    def unseen_s(self) -> float:
        return 1.0


def _longest_hold_s() -> float:
    """The least that a hold of 0.2 s, asked for every millisecond, was seen to last."""
    with Watch(1e-3) as watch:
        sorted([-1] * 5_000_000)
    return max(hold.low_s for hold in watch.found().holds if hold.mine)


def test_no_hold_is_sure_where_nobody_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Scope", Unseeing)
    assert _longest_hold_s() <= 0


def test_what_holds_throughout_is_held_however_seldom_anybody_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "Scope", lambda: Scope(0.1))
    for _ in range(20):  # until the witness had a core in time
        with Watch(witness=True) as watch:
            ctypes.PyDLL(None).usleep(10_000)
        seen = watch.found()
        if not seen.error_s:
            break
    assert (seen.held_s, seen.free_s, seen.unknown_s) == (seen.wall_s, 0.0, 0.0)
    assert seen.error_s == 0.0


def test_what_is_let_go_for_a_moment_is_not() -> None:
    with Watch(witness=True) as watch:
        ctypes.PyDLL(None).usleep(10_000)
        ctypes.CDLL(None).usleep(1)
    assert watch.found().error_s > 0


def test_what_computed_while_it_was_asked_for_the_gil_is_not_proven_free() -> None:
    with Watch(1e-3) as watch:
        sorted([-1] * 5_000_000)
    seen = watch.found()
    assert any(hold.low_s > 0 for hold in seen.holds)
    assert seen.proven_free_s == 0.0


def test_a_holder_without_a_name_may_be_the_witness() -> None:
    def thread(number: int, start_s: float = 0.0) -> Any:
        return SimpleNamespace(native_id=number, name="", holds=0.1, start_s=start_s)

    caller, witness = 10, 11
    threads = [thread(caller), thread(witness), thread(0), thread(12, 0.1), thread(13)]
    trace: Any = SimpleNamespace(threads=threads)
    assert _owners(trace, caller, witness) == ([0, 3], [2, 4])
    assert _owners(trace, caller, -1) == ([0, 2, 3], [1, 4])
