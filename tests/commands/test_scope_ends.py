"""A program under the scope ends as it does alone, whatever it leaves behind."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab.records.trace_file import load
from tests.commands.programs import ended, needs_gil, same, start, write

# Every way to leave threads behind.
LEFT = {
    "thread": "threading.Thread(target=late).start()",
    "thread that starts another": "threading.Thread(target=lambda: (late(), "
    "threading.Thread(target=late).start())).start()",
    "daemon": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "daemon that works": "threading.Thread(target=exec, args=('while True: pass',), "
    "daemon=True).start()",
    "timer": "threading.Timer(0.05, print, ('late',)).start()",
    "executor": "keep = ThreadPoolExecutor(2); keep.submit(late)",
    "busy executor": "keep = ThreadPoolExecutor(1)\n"
    "for _ in range(3): keep.submit(late)",
    "executor of processes": "keep = ProcessPoolExecutor(1, "
    "mp_context=FORK); keep.submit(late).result()",
    "queue": "q = queue.Queue()\nthreading.Thread(target=lambda: print(q.get()))"
    ".start()\nthreading._register_atexit(q.put, 'over')",
    "asyncio": "loop = asyncio.new_event_loop()\n"
    "loop.run_until_complete(loop.run_in_executor(None, late))",
    "process": "FORK.Process(target=after).start()",
    "daemon process": "FORK.Process("
    "target=time.sleep, args=(60,), daemon=True).start()",
    "process queue": "q = FORK.Queue()\n"
    "q.put('x' * 10**5)\nFORK.Process(target=q.get).start()",
    "low level": "import _thread; _thread.start_new_thread(time.sleep, (60,))",
    "main thread joined": "threading.Thread(target=lambda: ("
    "threading.main_thread().join(), print('joined'))).start()",
    "in atexit": "atexit.register(lambda: (print(threading.active_count()), late()))",
    "submitted too late": "keep = ThreadPoolExecutor(1); "
    "atexit.register(lambda: keep.submit(late))",
}
if sys.version_info[:2] == (3, 12):
    # It refuses new threads as soon as it begins to end (interp->finalizing, set first
    # by Py_FinalizeEx), which nobody else can set: under the scope they still start.
    del LEFT["thread that starts another"]


@needs_gil
@pytest.mark.parametrize("left", LEFT)
@pytest.mark.filterwarnings("default")
def test_threads_left_behind_end_as_they_do_alone(tmp_path: Path, left: str) -> None:
    code = (
        "import asyncio, atexit, multiprocessing, os, queue, threading, time\n"
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "FORK = multiprocessing.get_context('fork')\n"
        "def late(): time.sleep(0.05); print('late', flush=True)\n"
        "left, right = os.pipe()\n"
        "def after(): os.read(left, 1); late()\n"  # on a busy machine not before
        "if __name__ == '__main__':\n"
    )
    body = f"{LEFT[left]}\nprint('main is over', flush=True); os.write(right, b'x')"
    write(tmp_path, "program.py", code + textwrap.indent(body, "    "))
    same(tmp_path, "program.py")


# It says when it is at a place where an interrupt is to come. One that comes right
# before a sleep waits for its end, on its own too: so the sleeps are short.
STAY = """
import atexit, signal, sys, threading, time
def stay():
    print('here', flush=True)
    for _ in range(6000): time.sleep(0.1)
def beside():
    while threading.main_thread().is_alive(): time.sleep(0.01)
    stay()
"""
INTERRUPTED = {
    "at once": "stay()",
    "while threads are joined": "threading.Thread(target=beside).start(); stay()",
    "by a handler": "signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); stay()",
    "in atexit": "atexit.register(stay)",
}


def interrupted(child: "subprocess.Popen[str]") -> tuple[int, int, str]:
    """How many interrupts it takes, its status, what it said."""
    assert child.stdout is not None
    count = 0
    while child.stdout.readline():
        count += 1
        child.send_signal(signal.SIGINT)
    over = ended(child)
    return count, over.returncode, over.stderr


@needs_gil
@pytest.mark.slow
@pytest.mark.parametrize("case", INTERRUPTED)
def test_as_many_interrupts_as_alone(tmp_path: Path, case: str) -> None:
    write(tmp_path, "program.py", STAY + INTERRUPTED[case])
    files = "-o", "out.json", "--chrome", "chrome.json"
    alone = start(tmp_path, "program.py")
    under = start(tmp_path, "-m", "lab", "scope", *files, "program.py")
    *expected, said = interrupted(alone)
    *found, told = interrupted(under)
    assert found == expected
    own, _, summary = told.partition("GIL free")
    assert own.count("KeyboardInterrupt") == said.count("KeyboardInterrupt")
    assert "MainThread" in summary
    assert load(tmp_path / "out.json").duration_s > 0
    assert json.loads((tmp_path / "chrome.json").read_text())["traceEvents"]
