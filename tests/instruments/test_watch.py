"""A stretch of code, watched once."""

import pytest

from lab.instruments import watch as module
from lab.instruments.scope import Scope, unavailable
from lab.instruments.watch import Watch

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
