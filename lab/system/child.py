"""A child process that can be ended even while one of its threads holds the GIL.

It has a process group of its own (start it with process_group=0), so that an end
reaches all it started, and an interrupt from the terminal reaches its parent only.
"""

import os
import signal
import subprocess


def end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """End the child's whole process group; no error if it is over.

    It is asked first, and has grace_s to end by itself; with 0 it is not asked.
    """
    if child.poll() is not None:
        return
    try:
        if grace_s > 0:
            os.killpg(child.pid, signal.SIGINT)
            child.wait(grace_s)
    except subprocess.TimeoutExpired:
        pass
    finally:  # a second interrupt must not leave it running either
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
