"""What Python calls its threads, also those that start and end meanwhile."""

import threading
from collections.abc import Callable
from threading import Thread

# A bound on memory, many times the threads that a trace has room for.
MOST_NAMES = 2**16

Named = tuple[str, int | None]


class ThreadNames:
    """Notes the name of each thread as it starts, and lets go when told.

    Threads call Thread._set_native_id first thing, on every version. Nothing stays
    on their stacks, and threads that Python only adopts do it too.
    """

    started: dict[int, Named]
    """By the thread state's serial number: threads started since, by first name."""
    present: dict[int | None, Named]
    """By ident: threads alive when last looked at, by the name they had then."""

    def __init__(self, serial: Callable[[], int]) -> None:
        """`serial` returns the number of the calling thread's state."""
        self.started = {}
        self.present = {}
        self.original = Thread._set_native_id  # type: ignore[attr-defined]

        def set_native_id(thread: Thread) -> None:
            self.original(thread)
            if len(self.started) >= MOST_NAMES:
                self.started.pop(next(iter(self.started)), None)
            self.started[serial()] = (thread.name, thread.native_id)

        self.hook = set_native_id
        self.refresh()
        Thread._set_native_id = self.hook  # type: ignore[attr-defined]

    def refresh(self) -> None:
        """Note the threads alive, by the name they have now."""
        for thread in threading.enumerate():
            self.present[thread.ident] = thread.name, thread.native_id

    def of(
        self, serial: int, ident: int, native_id: int, ended: bool
    ) -> tuple[str, int]:
        """The name of a thread, and its number as far as it is known."""
        unknown = f"native {native_id}", native_id
        name, number = self.started.get(serial, unknown)
        if not ended or serial not in self.started:
            # Alive to the end, so the name it has now; or alive before the beginning.
            name, number = self.present.get(ident, (name, number))
        return name, number or native_id

    def stop(self) -> None:
        """Take the hook out, unless somebody has put another over it."""
        if vars(Thread)["_set_native_id"] is self.hook:
            Thread._set_native_id = self.original  # type: ignore[attr-defined]
        self.refresh()
