"""What a scope must leave as it was."""

import os
import threading
import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """After each test: the same threads, hooks and switch interval as before."""
    hook = threading.Thread.__dict__["_set_native_id"]
    before = len(os.listdir("/proc/self/task"))
    yield
    assert threading.Thread.__dict__["_set_native_id"] is hook
    end = time.monotonic() + 60  # the system lets go of a joined thread a bit later
    while len(os.listdir("/proc/self/task")) > before and time.monotonic() < end:
        time.sleep(0.001)
    # Fewer: one that an earlier test joined was still going when this one began.
    assert len(os.listdir("/proc/self/task")) <= before
