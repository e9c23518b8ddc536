"""Calls that really block, each until another process ends its wait.

Every construction here is a Workload: N calls, each with a channel of its own to a
peer process. The call is made right after the peer was asked, and takes at least
DELAY_S. All are bounded, held ones too: sockets by SO_RCVTIMEO and
SO_SNDTIMEO, FIFOs by the peer's own end, which reads as the end of the file.
No thread is asked to drop the GIL meanwhile: were that to happen between asking the
peer and calling, answers would pile up and held calls seem to overlap.
Whatever fails, a bound included, raises OSError.
"""

import ctypes
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from lab.calls.kernel import Call, Workload
from lab.calls.libc import Libc, expect
from lab.constructions.peer import Peer, bound
from lab.instruments.switch_interval import NEVER_S, switch_interval

# A blocking call: long beside the handing over of the GIL, which takes some 50 us.
DELAY_S = 0.015
# What the peer really waits: who asks it may lose the core for a moment, and gets to
# the call itself only some milliseconds later.
PEER_S = DELAY_S + 0.01
# A socket that blocks for so long is given up; it works while the GIL is held.
LIMIT_S = 5
# The peer's answer, as bytes or as the number of bytes.
ANSWERED = (b"!", 1)

Action = Callable[[], object]


def _workload(prepared: Callable[[ExitStack, int], list[Call]]) -> Workload:
    """The calls that prepared(stack, threads) returns; the stack closes after them."""

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        with ExitStack() as stack:
            calls = prepared(stack, threads)
            stack.enter_context(switch_interval(NEVER_S))
            yield calls

    return workload


def fifo(read: Callable[[int], Action]) -> Workload:
    """read(descriptor) makes the call: one byte from a FIFO that is empty."""

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        paths = stack.enter_context(_fifos(threads))
        readers = []
        for path in paths:
            # Non-blocking: it has no writer yet.
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            stack.callback(os.close, reader)
            os.set_blocking(reader, True)
            readers.append(reader)
        peer = stack.enter_context(Peer(threads, PEER_S, "write", paths))
        return [
            Call(read(reader), before=_ask(channel), check=_answered)
            for reader, channel in zip(readers, peer.channels, strict=True)
        ]

    return calls


def whole_fifo(read: Callable[[Path], Action], peer_s: float = PEER_S) -> Workload:
    """read(path) makes the call, a released one: open a FIFO, read to its end.

    peer_s: how long the peer waits before it writes.
    """

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        paths = stack.enter_context(_fifos(threads))
        things = [*paths, paths[0]]  # the last channel is never asked
        peer = stack.enter_context(Peer(threads + 1, peer_s, "write_whole", things))
        stack.enter_context(_opened_at_last(paths, peer))
        return [
            Call(read(Path(path)), before=_ask(channel), check=_answered)
            for path, channel in zip(paths, peer.channels[:-1], strict=True)
        ]

    return calls


def accepting(accept: Callable[[socket.socket], Action]) -> Workload:
    """accept(listener) makes the call: nobody has called yet."""

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        paths = stack.enter_context(_addresses(threads))
        listeners = [_bounded(stack, socket.socket(socket.AF_UNIX)) for _ in paths]
        for listener, path in zip(listeners, paths, strict=True):
            listener.bind(path)
            listener.listen()
        peer = stack.enter_context(Peer(threads, PEER_S, "connect", paths))
        return [
            Call(accept(listener), before=_ask(channel), check=_hang_up)
            for listener, channel in zip(listeners, peer.channels, strict=True)
        ]

    return calls


def connecting(connect: Callable[[socket.socket, str], Action]) -> Workload:
    """connect(caller, path) makes the call: the listener's queue is full.

    It has room for one. Taking that one away lets the call end, which fills the
    queue for the next.
    """

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        paths = stack.enter_context(_addresses(threads))
        peer = stack.enter_context(Peer(threads, PEER_S, "accept", paths))
        for path in paths:
            with socket.socket(socket.AF_UNIX) as filler:
                filler.connect(path)
        callers = [_bounded(stack, socket.socket(socket.AF_UNIX)) for _ in paths]
        return [
            Call(
                connect(caller, path),
                before=partial(_renew, caller, _ask(channel)),
                check=_done,
            )
            for caller, path, channel in zip(callers, paths, peer.channels, strict=True)
        ]

    return calls


def sending(send: Callable[[socket.socket], Action]) -> Workload:
    """send(end) makes the call: one byte, and the buffer is full."""

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        pairs = [socket.socketpair() for _ in range(threads)]
        ends = [_bounded(stack, ours) for ours, _ in pairs]
        for ours in ends:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least
        things = [stack.enter_context(theirs) for _, theirs in pairs]
        peer = stack.enter_context(Peer(threads, PEER_S, "drain", things))
        return [
            Call(
                send(end),
                before=partial(_fill, end, _ask(channel)),
                check=partial(_sent, channel),
            )
            for end, channel in zip(ends, peer.channels, strict=True)
        ]

    return calls


def receiving(
    receive: Callable[[socket.socket], Action], peer_s: float = PEER_S
) -> Workload:
    """receive(end) makes the call: one byte, and none has come. peer_s: as above."""

    @_workload
    def calls(stack: ExitStack, threads: int) -> list[Call]:
        return [
            Call(receive(channel), before=_ask(channel), check=_answered)
            for channel in stack.enter_context(Peer(threads, peer_s)).channels
        ]

    return calls


@contextmanager
def _fifos(count: int) -> Iterator[list[str]]:
    with _addresses(count) as paths:
        for path in paths:
            os.mkfifo(path)
        yield paths


@contextmanager
def _addresses(count: int) -> Iterator[list[str]]:
    """Paths at which there is nothing yet, in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="gil-lab-") as folder:
        yield [str(Path(folder, str(place))) for place in range(count)]


def _bounded(stack: ExitStack, end: socket.socket) -> socket.socket:
    """The socket, bounded by LIMIT_S and closed with the stack."""
    stack.enter_context(end)
    bound(end, LIMIT_S)
    return end


def _ask(channel: socket.socket) -> Action:
    """Asks the peer with the GIL held; OSError if it is gone."""
    write = Libc(ctypes.PyDLL).write_raw

    def ask() -> None:
        expect(write(channel.fileno(), b"?", 1), 1)

    return ask


def _renew(caller: socket.socket, ask: Action) -> None:
    """Put a fresh socket in the place of a connected one, then ask."""
    with socket.socket(socket.AF_UNIX) as fresh:
        bound(fresh, LIMIT_S)
        os.dup2(fresh.fileno(), caller.fileno(), inheritable=False)
    ask()


def _fill(end: socket.socket, ask: Action) -> None:
    """Send until nothing more fits, then ask."""
    with suppress(BlockingIOError):
        while end.send(b"x", socket.MSG_DONTWAIT):
            pass
    ask()


def _answered(value: object) -> None:
    if value == -1:
        expect(value, 1)
    if value not in ANSWERED:
        raise ConnectionError(f"the peer process is gone: read {value!r}")


def _done(value: object) -> None:
    if value is not None:  # the socket module's connect returns None
        expect(value, 0)


def _sent(channel: socket.socket, value: object) -> None:
    """The call ends while the peer still makes room: the next one waits for its word,
    or it would find room and not block."""
    expect(value, 1)
    if not channel.recv(1):
        raise ConnectionError("the peer process is gone")


def _hang_up(value: object) -> None:
    """Close what accept returned: a socket and an address, or a descriptor."""
    if isinstance(value, tuple):
        value[0].close()
    elif isinstance(value, int) and value >= 0:
        os.close(value)
    else:
        expect(value, 0)


@contextmanager
def _opened_at_last(paths: Sequence[str], peer: Peer) -> Iterator[None]:
    """Once the peer is gone, or silent for its LIMIT_S, no wait for a FIFO lasts.

    A FIFO that is never opened for writing would keep its reader for ever.
    """
    over = threading.Event()

    def watch() -> None:
        with suppress(OSError):
            peer.channels[-1].recv(1)
        while not over.wait(0.05):
            for path in paths:
                with suppress(OSError):  # nobody is waiting
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))

    watcher = threading.Thread(target=watch, name="gil-lab-watcher")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        peer.close()
        watcher.join()
