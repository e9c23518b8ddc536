"""The process at the other end of a blocking call.

It must be a process: while a held read blocks, no thread of the reader's own
process could write. On each channel it receives a byte, waits, and then does what
ends the blocking call (see ANSWERS); no channel waits for another.
"""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

# A channel on which nothing comes for so long is given up. This limit works even while
# the GIL is held, and it ends the peer if the process that started it is stuck.
LIMIT_S = 30


class Peer:
    """A child process that answers on each of its channels after a delay.

    with Peer(8, delay_s=0.05) as peer: peer.channels are connected sockets. Send a
    byte on one, and delay_s later the peer answers: it sends a byte back, or does
    what `answer`, a key of ANSWERS, names. Some answers need a path or a socket for
    each channel: `things`, in the same order; the peer takes the sockets over.

    A receive fails with EAGAIN after LIMIT_S. When the peer is dead it gives the end
    of the file, or ECONNRESET. A peer that is asked nothing for LIMIT_S ends by
    itself, and leaving the block ends it too.
    """

    def __init__(
        self,
        channels: int,
        delay_s: float,
        answer: str = "reply",
        things: Sequence[str | socket.socket] = (),
    ) -> None:
        given = [thing for thing in things if isinstance(thing, socket.socket)]
        with contextlib.ExitStack() as stack:
            for taken in given:
                stack.enter_context(taken)
            pairs = [socket.socketpair() for _ in range(channels)]
            for ours, theirs in pairs:
                stack.enter_context(ours)
                stack.enter_context(theirs)
            for ours, _ in pairs:
                bound(ours, LIMIT_S)
            fds = [theirs.fileno() for _, theirs in pairs]
            names = [t if isinstance(t, str) else str(t.fileno()) for t in things]
            # -I -S: it imports less, so that it starts sooner.
            command = [sys.executable, "-I", "-S", __file__, repr(delay_s), answer]
            self._process = subprocess.Popen(
                [*command, *map(str, fds), *names],
                pass_fds=[*fds, *(thing.fileno() for thing in given)],
                stdin=subprocess.DEVNULL,
            )
            stack.pop_all()
        # While we keep copies of its ends open, its death does not end a read.
        for theirs in (*given, *(theirs for _, theirs in pairs)):
            theirs.close()
        self.channels = [ours for ours, _ in pairs]

    @property
    def pid(self) -> int:
        """The process id of the peer."""
        return self._process.pid

    def __enter__(self) -> "Peer":
        try:
            for channel in self.channels:  # it sends a byte when it is ready
                if channel.recv(1) != b"!":
                    raise ConnectionError("the peer process did not start")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the peer and close the channels; safe to call again."""
        for channel in self.channels:
            channel.close()
        self._process.kill()
        self._process.wait()


def bound(end: socket.socket, limit_s: float) -> None:
    """Let no call on this socket block for longer: it fails with EAGAIN instead.

    Not settimeout: that would make the descriptor non-blocking.
    """
    limit = struct.pack("@ll", int(limit_s), round(limit_s % 1 * 1e6))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        end.setsockopt(socket.SOL_SOCKET, option, limit)


# Each step but the first is an answer; the first makes all ready for them.
Answers = Iterator[None]
# Called before each answer, for the delay.
Wait = Callable[[], None]


def reply(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Send a byte back."""
    while True:
        yield
        wait()
        channel.sendall(b"!")


def write(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Write a byte to the FIFO of this path, opened once; it has a reader."""
    fifo = os.open(thing, os.O_WRONLY)
    while True:
        yield
        wait()
        os.write(fifo, b"!")


def write_whole(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Open the FIFO of this path as soon as it has a reader; wait, write, close it."""
    while True:
        yield
        with open(thing, "wb", buffering=0) as fifo:
            wait()
            fifo.write(b"!")


def connect(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Connect to the Unix socket of this path, and hang up."""
    while True:
        yield
        wait()
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(thing)


def accept(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Listen at this path, with room for one caller; take one from the queue."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(thing)
    listener.listen(0)
    while True:
        yield
        wait()
        listener.accept()[0].close()


def drain(channel: socket.socket, thing: str, wait: Wait) -> Answers:
    """Receive all there is from the inherited socket of this number, and say so."""
    end = socket.socket(fileno=int(thing))
    while True:
        yield
        wait()
        with contextlib.suppress(BlockingIOError):
            while end.recv(65536, socket.MSG_DONTWAIT):
                pass
        channel.sendall(b"!")


ANSWERS = {
    answer.__name__: answer
    for answer in (reply, write, write_whole, connect, accept, drain)
}


def serve(channel: socket.socket, delay_s: float, answer: str, thing: str) -> None:
    """Send a byte when ready, then answer on one channel until its end is closed."""
    with channel, contextlib.suppress(ConnectionError):
        answers = ANSWERS[answer](channel, thing, partial(time.sleep, delay_s))
        next(answers)
        channel.sendall(b"!")
        while channel.recv(1):
            signal.alarm(LIMIT_S)  # counted from the latest request
            next(answers)


def main(arguments: list[str]) -> None:
    """The peer process: DELAY_S ANSWER FD [FD ...] [THING ...]."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ends when its channels close
    signal.alarm(LIMIT_S)
    delay_s, answer = float(arguments[0]), arguments[1]
    count = len(arguments[2:]) // (1 if answer == "reply" else 2)
    fds, things = arguments[2 : 2 + count], arguments[2 + count :]
    threads = [
        threading.Thread(
            target=serve, args=(socket.socket(fileno=int(fd)), delay_s, answer, thing)
        )
        for fd, thing in zip(fds, things or [""] * count, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
