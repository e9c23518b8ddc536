"""What the system calls the threads of another process."""

from contextlib import suppress

from lab.system.process import GoneError, Process


class TaskNames:
    """Python's own names are not to be had from outside: from 3.14 on the system knows
    their beginnings, before it calls every thread as the program."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._names: dict[int, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Note the names that threads have now."""
        with suppress(GoneError):
            for number in self._process.tasks():
                with suppress(GoneError):  # this thread has
                    name = self._process.text(f"task/{number}/comm").rstrip("\n")
                    self._names[number] = name

    def of(
        self, serial: int, ident: int, native_id: int, ended: bool
    ) -> tuple[str, int]:
        """The name of a thread, and its number."""
        main = self._process.pid
        if native_id == main:
            return "MainThread", native_id
        name = self._names.get(native_id)
        own = name is not None and name != self._names.get(main)
        return f"{name if own else 'thread'} {native_id}", native_id

    def stop(self) -> None:
        """Once more, for those that were started meanwhile."""
        self.refresh()
