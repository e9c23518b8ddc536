"""Knocks: when the GIL was wanted and when it was there, in the order of time."""

import sys
import threading
import time

import pytest

from lab.instruments.knocker import KNOCKER, Knocker
from lab.instruments.switch_interval import switch_interval
from lab.records.machine import gil_enabled


def test_knocks_follow_each_other_and_the_thread_ends() -> None:
    with switch_interval(), Knocker(1e-3, (1e-3, 5e-3)) as knocker:
        assert KNOCKER in [thread.name for thread in threading.enumerate()]
        while len(knocker.knocks) < 4:
            time.sleep(1e-3)
    assert KNOCKER not in [thread.name for thread in threading.enumerate()]
    stamps = [
        stamp for knock in knocker.knocks for stamp in (knock.wanted_ns, knock.got_ns)
    ]
    assert stamps == sorted(stamps)
    intervals_s = [knock.interval_s for knock in knocker.knocks[:4]]
    assert intervals_s == [1e-3, 5e-3, 1e-3, 5e-3]


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to wait for")
def test_bytecode_makes_a_knock_wait_for_its_interval() -> None:
    interval_s = 0.05
    with switch_interval(), Knocker(1e-3, (interval_s,)) as knocker:
        sys.setswitchinterval(interval_s)
        while not any(knock.wait_ns >= interval_s * 1e9 for knock in knocker.knocks):
            pass
