"""To wait for what comes soon, and to fail where it never does."""

import time
from collections.abc import Callable

LIMIT_S = 60.0


def until(check: Callable[[], object], what: str = "") -> None:
    """Wait until check is true; what: that did not come, in a failure."""
    end_s = time.monotonic() + LIMIT_S
    while not check():
        assert time.monotonic() < end_s, what or "it never came"
        time.sleep(0.001)
