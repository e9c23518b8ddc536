"""A child process tells the one that watches it what it does and what it measured.

Each event is a line of JSON in a pipe, so that what is measured is told at once: a
sudden end loses what is under way alone, and a full disk nothing. A call that never
returns is ended by faulthandler's own thread, which needs no GIL.
"""

import faulthandler
import json
import os
from typing import Any

# The variable that tells a child where to tell, where to dump, and its time limit.
TOLD = "GIL_LAB_TOLD"
# Until the first call everything is imported, and the machine looked at.
START_S = 60.0


class ChildReporter:
    """descriptor: of the pipe. dump: of the file that faulthandler writes to.

    limit_s: how long a call may take before the process is ended.
    """

    def __init__(self, descriptor: int, dump: int, limit_s: float) -> None:
        self._descriptor, self._dump, self._limit_s = descriptor, dump, limit_s
        faulthandler.enable(file=dump)
        self.expect(START_S)

    def expect(self, known_s: float = 0.0) -> None:
        """A call follows: end the process if it takes longer than the limit.

        Until the next is expected, or all is over. known_s: what those after one
        another may take on top of that.
        """
        limit_s = known_s + self._limit_s
        faulthandler.dump_traceback_later(limit_s, file=self._dump, exit=True)

    def nothing(self) -> None:
        """Expect no call any more."""
        faulthandler.cancel_dump_traceback_later()

    def sizes(self, found: dict[str, int]) -> None:
        """How much work calls do, for the processes that follow."""
        self.tell("sizes", sizes=found)

    def tell(self, event: str, identity: str = "", **more: Any) -> None:
        """Tell an event; identity: of the test that it is about."""
        told = {"event": event, "id": identity, "name": identity.rpartition("::")[2]}
        left = f"{self.line({**told, **more})}\n".encode()
        while left:
            left = left[os.write(self._descriptor, left) :]

    def line(self, told: dict[str, Any]) -> str:
        """An event as JSON."""
        return json.dumps(told)
