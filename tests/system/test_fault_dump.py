"""Which thread is at fault, by what faulthandler wrote."""

from pathlib import Path

from lab.system.fault_dump import FaultFrame, culprit, threads

FAULT = """Fatal Python error: Segmentation fault

Thread 0x00007f01 (most recent call first):
  File "/lib/threading.py", line 320 in wait
  File "/home/me/other.py", line 3 in work

Current thread 0x00007f02 (most recent call first):
  File "/home/me/caf\\xe9.py", line 7 in crash
  File "/home/me/main.py", line 9 in <module>
"""


def _timeout(*parts: str) -> str:
    return "Timeout (0:00:01)!\n" + "\n\n".join(
        f"Thread 0x{place} (most recent call first):\n{part}"
        for place, part in enumerate(parts)
    )


WAITING = '  File "/lib/threading.py", line 320 in wait'
KNOCKING = '  File "/lab/k.py", line 5 in knock\n  File "/lab/k.py", line 1 in _knock'
CALLING = '  File "/home/me/slow.py", line 4 in slow'


def test_the_current_thread_is_at_fault() -> None:
    assert culprit(FAULT) == FaultFrame("/home/me/café.py", 7, "crash")
    assert [frames[-1].function for frames in threads(FAULT)] == ["<module>", "work"]


def test_a_time_that_is_over_is_of_who_does_not_just_wait() -> None:
    found = culprit(_timeout(WAITING, KNOCKING, CALLING))
    assert found == FaultFrame("/home/me/slow.py", 4, "slow")


def test_where_all_wait_it_is_the_first() -> None:
    assert culprit(_timeout(WAITING, WAITING)) == FaultFrame(
        "/lib/threading.py", 320, "wait"
    )
    assert culprit("") is None


def test_a_file_below_the_root_is_named_from_there() -> None:
    frame = FaultFrame("/home/me/lab/a.py", 3, "f")
    assert frame.near(Path("/home/me")) == "lab/a.py:3 in f"
    assert frame.near(Path("/srv")) == "/home/me/lab/a.py:3 in f"


DUMP = """Timeout (0:00:03)!
Thread 0x00007f01 (most recent call first):
  File "/a/lab/instruments/knocker.py", line 90 in _knock
  File "/usr/lib/threading.py", line 982 in run

Thread 0x00007f02 [racer-1] (most recent call first):
  File "/usr/lib/threading.py", line 320 in wait
  File "/a/lab/instruments/race.py", line 150 in _work

Thread 0x00007f03 [racer-0] (most recent call first):
  File "/a/b \\xe9/lab/instruments/race.py", line 152 in _work
  File "/usr/lib/threading.py", line 982 in run

Thread 0x00007f04 (most recent call first):
  File "/usr/lib/threading.py", line 1116 in join
  File "/a/lab/instruments/race.py", line 90 in go
"""


def test_threads_of_the_labs_own_that_wait_are_not_at_fault() -> None:
    assert culprit(DUMP) == FaultFrame("/a/b é/lab/instruments/race.py", 152, "_work")
    assert len(threads(DUMP)) == 4
    assert culprit("") is None
    assert culprit("Timeout (0:00:03)!\n") is None


def test_in_a_fault_it_is_the_current_thread_though_it_waits() -> None:
    fault = DUMP.replace("Timeout (0:00:03)!", "Fatal Python error: Aborted\n")
    fault = fault.replace("Thread 0x00007f04", "Current thread 0x00007f04")
    assert culprit(fault) == FaultFrame("/usr/lib/threading.py", 1116, "join")
