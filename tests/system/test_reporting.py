"""What a child tells through its pipe, and what ends it."""

import json
import os
import subprocess
import sys

SLEEPER = """
import os, sys, time
from lab.system.reporting import ChildReporter
reporter = ChildReporter(int(sys.argv[1]), 2, 0.2)
reporter.tell("start", "file.py::a test", kernel="k" * 100_000)
reporter.sizes({"k": 3})
getattr(reporter, sys.argv[2])()
time.sleep(float(sys.argv[3]))
reporter.tell("done", "file.py::a test")
"""


def _told(method: str, seconds: float) -> tuple[list[dict[str, object]], int, str]:
    read, write = os.pipe()
    command = [sys.executable, "-c", SLEEPER, str(write), method, str(seconds)]
    with subprocess.Popen(
        command, pass_fds=[write], stderr=subprocess.PIPE, text=True
    ) as child:
        os.close(write)
        with open(read, encoding="utf-8") as lines:
            told = [json.loads(line) for line in lines]
        assert child.stderr is not None
        dump = child.stderr.read()
    return told, child.returncode, dump


def test_each_event_is_a_line_however_long() -> None:
    told, code, _ = _told("nothing", 0.0)
    assert [one["event"] for one in told] == ["start", "sizes", "done"]
    assert told[0]["name"] == "a test"
    assert len(str(told[0]["kernel"])) == 100_000
    assert told[1]["sizes"] == {"k": 3}
    assert code == 0


def test_a_call_that_does_not_return_ends_the_process() -> None:
    told, code, dump = _told("expect", 60.0)
    assert [one["event"] for one in told] == ["start", "sizes"]
    assert code == 1
    assert dump.startswith("Timeout (")
