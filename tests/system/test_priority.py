"""What gives way does so in a thread of its own; who asks for it stays as it was."""

import os
import sys
import threading

import pytest

from lab.system.priority import NICER, giving_way


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="no priority of a thread's own")
def test_only_what_gives_way_has_the_low_priority() -> None:
    before = niceness()
    assert giving_way(niceness) == min(before + NICER, 19)
    assert niceness() == before


def test_what_it_returns_and_raises_is_the_callers() -> None:
    assert giving_way(divmod, 7, 2) == (3, 1)
    assert giving_way(sorted, [1, 2], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        giving_way(divmod, 7, 0)
    with pytest.raises(SystemExit):
        giving_way(sys.exit, 3)


def test_an_interrupt_ends_no_work_halfway() -> None:
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert go_on.wait(60)
        done.append(1)

    def interrupt() -> None:
        assert begun.wait(60)
        os.kill(os.getpid(), 2)
        threading.Timer(0.05, go_on.set).start()

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        giving_way(work)
    assert done
    other.join()
