"""The socket module releases the GIL while it waits; raw C calls need someone to.

accept, connect, send and recv each wait for another process: for a caller, for
room in a full queue, for room in a full buffer, for a byte. The same system calls
are made through the socket module (Modules/socketmodule.c releases: sock_call_ex,
and internal_connect for connect), ctypes.CDLL (releases) and ctypes.PyDLL (holds),
in 4 threads, each with a socket of its own. It surprises that connect blocks at
all: on one machine only a listener whose queue is full keeps it waiting.
"""

import ctypes
import socket
from collections.abc import Callable
from functools import partial

import pytest

from experiments.conftest import races
from lab.calls.kernel import Kernel, Twin, Workload
from lab.calls.libc import Libc, unix_address
from lab.constructions.blocking import (
    DELAY_S,
    accepting,
    connecting,
    receiving,
    sending,
)
from lab.instruments.race import Racer
from lab.records.race import Bound, Claim


def _accept(libc: Libc) -> Workload:
    return accepting(lambda end: partial(libc.accept_raw, end.fileno(), None, None))


def _connect(libc: Libc) -> Workload:
    def call(end: socket.socket, path: str) -> Callable[[], object]:
        address = unix_address(path)
        return partial(libc.connect_raw, end.fileno(), address, len(address))

    return connecting(call)


def _send(libc: Libc) -> Workload:
    return sending(lambda end: partial(libc.send_raw, end.fileno(), b"x", 1, 0))


def _recv(libc: Libc) -> Workload:
    return receiving(
        lambda end: partial(
            libc.recv_raw, end.fileno(), ctypes.create_string_buffer(1), 1, 0
        )
    )


THREADS = 4
MODULE = {
    "accept": accepting(lambda end: end.accept),
    "connect": connecting(lambda end, path: partial(end.connect, path)),
    "send": sending(lambda end: partial(end.send, b"x")),
    "recv": receiving(lambda end: partial(end.recv, 1)),
}
# Where CPython releases: connect has a place of its own.
SOURCES = dict.fromkeys(MODULE, "Modules/socketmodule.c sock_call_ex")
SOURCES["connect"] = "Modules/socketmodule.c internal_connect"
CTYPES = "Modules/_ctypes/callproc.c _call_function_pointer"
LIBC = {"accept": _accept, "connect": _connect, "send": _send, "recv": _recv}


def _kernels() -> list[Kernel]:
    kernels = []
    for name, workload in MODULE.items():
        held = LIBC[name](Libc(ctypes.PyDLL))
        released = LIBC[name](Libc(ctypes.CDLL))
        twins = {
            "socket": (Twin("released", "socket", workload, Claim.HELPS),),
            "libc": (
                Twin("held", "ctypes", held, Claim.NO_HELP),
                Twin("released", "ctypes", released, Claim.HELPS),
            ),
        }
        for module, made in twins.items():
            source = SOURCES[name] if module == "socket" else CTYPES
            kernels.append(
                Kernel(
                    f"{module}.{name}",
                    Bound.BLOCKING,
                    made,
                    6,
                    DELAY_S,
                    source,
                    THREADS,
                )
            )
    return kernels


@races(_kernels())
def test_sockets(race: Racer, kernel: Kernel, twin: Twin, threads: int) -> None:
    """One row of the table."""
    try:
        race(kernel, twin, threads)
    except OSError as error:  # no peer, no socket, or a bound was reached
        pytest.skip(f"{kernel.name} cannot be raced here: {error}")
