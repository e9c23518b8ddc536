"""Work that gives way to what else the machine has to do."""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# How much less urgent: it gets what is idle of a core, 3 in 100 of one beside one busy
# thread, and still comes to an end beside ten (its weight, in kernel/sched/core.c).
NICER = 15


def giving_way(work: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
    """What it returns or raises, done at a low priority where the system has one for
    each thread: Linux.

    In a thread of its own, as none may raise again what it has lowered.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        if sys.platform == "linux":
            with suppress(OSError):
                os.nice(NICER)  # the thread's, there
        try:
            results.append(work(*arguments, **options))
        except BaseException as error:
            errors.append(error)
        done.set()

    thread = threading.Thread(target=run, name="gil-lab gives way", daemon=True)
    thread.start()
    try:
        done.wait()
    finally:  # nor does it go on after an interrupt
        done.wait()
        thread.join()
    for error in errors:
        raise error
    return results[0]
