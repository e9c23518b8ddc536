"""How long a thread waits for the GIL before it asks the holder to drop it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Nobody asks any more: the GIL changes hands by explicit release alone.
NEVER_S = 1000.0
# CPython keeps whole microseconds and cuts off the rest: without the half one, 0.1
# would come back as 0.099999.
HALF_S = 0.5e-6


@contextmanager
def switch_interval(seconds: float | None = None) -> Iterator[None]:
    """Set it for the block, if given; put the former one back, whatever happened."""
    before_s = sys.getswitchinterval()
    if seconds is not None:
        sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s + HALF_S)
