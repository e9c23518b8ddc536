"""The process at the other end of a blocking call.

It must be a process: while a held read blocks, no thread of the reader's own
process could write. On each channel it answers request -> delay -> reply, every
channel for itself.
"""

import contextlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from types import TracebackType

# A channel that stays silent so long is given up: the bound that works while the
# GIL is held, and the peer's own end if whoever started it is stuck.
LIMIT_S = 30


class Peer:
    """A child process that replies on each of its channels after a delay.

    with Peer(8, delay_s=0.05) as peer: peer.channels are connected sockets; send
    a byte, and one comes back delay_s later. A receive is bounded by LIMIT_S
    (EAGAIN); a dead peer reads as the end of the file, or as ECONNRESET. Leaving
    ends the process.
    """

    def __init__(self, channels: int, delay_s: float) -> None:
        with contextlib.ExitStack() as stack:
            pairs = [socket.socketpair() for _ in range(channels)]
            for ours, theirs in pairs:
                stack.enter_context(ours)
                stack.enter_context(theirs)
            for ours, _ in pairs:
                # Not settimeout: that would make the descriptor non-blocking.
                timeout = struct.pack("@ll", LIMIT_S, 0)
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            fds = [theirs.fileno() for _, theirs in pairs]
            # -I -S: nothing to import, a peer starts in some 20 ms.
            command = [sys.executable, "-I", "-S", __file__, repr(delay_s)]
            self._process = subprocess.Popen(
                [*command, *map(str, fds)], pass_fds=fds, stdin=subprocess.DEVNULL
            )
            stack.pop_all()
        # Our copies of its ends must go, or its death would not read as the end.
        for _, theirs in pairs:
            theirs.close()
        self.channels = [ours for ours, _ in pairs]

    @property
    def pid(self) -> int:
        """The process id of the peer."""
        return self._process.pid

    def __enter__(self) -> "Peer":
        try:
            for channel in self.channels:  # it greets when it is up
                if channel.recv(1) != b"!":
                    raise ConnectionError("the peer process did not start")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the peer and close the channels; safe to call again."""
        for channel in self.channels:
            channel.close()
        self._process.kill()
        self._process.wait()


def serve(channel: socket.socket, delay_s: float) -> None:
    """Greet, then answer on one channel until its other end is closed."""
    with channel, contextlib.suppress(ConnectionError):
        channel.sendall(b"!")
        while channel.recv(1):
            time.sleep(delay_s)
            channel.sendall(b"!")


def main(arguments: list[str]) -> None:
    """The peer process: DELAY_S FD [FD ...]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ends when its channels close
    delay_s = float(arguments[0])
    threads = [
        threading.Thread(target=serve, args=(socket.socket(fileno=int(fd)), delay_s))
        for fd in arguments[1:]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
