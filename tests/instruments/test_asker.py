"""A thread that asks for the GIL, and what others wait for a core."""

import sys
import threading
import time

import pytest

from lab.calls.doses import dose
from lab.instruments.asker import Asker, starved_ns
from lab.records.machine import gil_enabled


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to ask for")
def test_it_waits_for_as_long_as_a_call_holds() -> None:
    before_s = sys.getswitchinterval()
    asker = Asker(0.001)
    asker.start()
    assert sys.getswitchinterval() != before_s
    asker.begin[0] = 1
    time.sleep(0.05)  # it gets the GIL at once
    dose(200_000, 0, 0.2)
    asker.stop()
    assert sys.getswitchinterval() == before_s
    assert len(asker.knocks) == len(asker.cpu) > 1
    waits_ns = [got_ns - wanted_ns for wanted_ns, got_ns in asker.knocks]
    assert max(waits_ns) > 0.1e9
    assert min(waits_ns) < 0.1e9


def test_each_thread_is_counted_by_its_number() -> None:
    found = starved_ns()
    if not found:
        pytest.skip("this system does not count waits for a core")
    assert threading.get_native_id() in found
    assert min(found.values()) >= 0
