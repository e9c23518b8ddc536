"""Names of another process's threads."""

import sys

from lab.instruments.task_names import TaskNames
from lab.system.process import Process
from tests.commands.test_attached import first_line, running

# The second thread tells the system its name itself (PR_SET_NAME).
CODE = """
import ctypes, sys, threading
ready, over = threading.Event(), threading.Event()
def work():
    ctypes.CDLL(None).prctl(15, b"worker")
    ready.set()
    over.wait()
threads = [
    threading.Thread(target=over.wait, name="a b", daemon=True),
    threading.Thread(target=work, daemon=True),
]
for thread in threads:
    thread.start()
ready.wait()
print(*(thread.native_id for thread in threads), flush=True)
sys.stdin.readline()
"""


def test_threads_have_the_names_that_the_system_knows_and_their_numbers() -> None:
    with running(CODE) as child:
        plain, named = map(int, first_line(child).split())
        with Process(child.pid) as process:
            names = TaskNames(process)
            assert names.of(1, 0, child.pid, False) == ("MainThread", child.pid)
            told = "a b" if sys.version_info >= (3, 14) else "thread"
            assert names.of(2, 0, plain, False) == (f"{told} {plain}", plain)
            assert names.of(3, 0, named, False) == (f"worker {named}", named)
            assert names.of(4, 0, 1, True) == ("thread 1", 1)
            child.kill()
            child.wait()
            names.stop()
    assert names.of(3, 0, named, True) == (f"worker {named}", named)
