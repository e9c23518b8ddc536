"""How long a thread stands ready and has no core."""

import os


def starved_so_far_ns() -> int | None:
    """How long this thread was ready without a core; None where nothing counts it."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None
    try:
        return int(os.read(descriptor, 100).split()[1])
    finally:
        os.close(descriptor)
