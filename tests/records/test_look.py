"""What the threads of a process did at one moment."""

from lab.records.look import Look, ThreadLook


def test_a_thread_is_found_by_the_systems_number() -> None:
    first, second = ThreadLook("MainThread", 10), ThreadLook("worker", 11)
    look = Look(0.0, 10, (first, second))
    assert look.thread(11) is second
    assert look.thread(look.holder) is first
    assert look.thread(0) is None  # nobody holds
