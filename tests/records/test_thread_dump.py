"""What the threads of a process did at one moment."""

from lab.records.thread_dump import DumpedThread, ThreadDump


def test_a_thread_is_found_by_the_systems_number() -> None:
    first, second = DumpedThread("MainThread", 10), DumpedThread("worker", 11)
    dump = ThreadDump(0.0, 10, (first, second))
    assert dump.thread(11) is second
    assert dump.thread(dump.holder) is first
    assert dump.thread(0) is None  # nobody holds
