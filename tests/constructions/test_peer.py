"""The process at the other end answers, is bounded and never stays behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from lab import kernels
from lab.constructions import peer
from lab.constructions.peer import Peer


@pytest.mark.slow
def test_answers_after_the_delay_each_channel_for_itself() -> None:
    with Peer(4, delay_s=1) as other:
        start = time.monotonic()
        for channel in other.channels:
            channel.send(b"?")
        assert [channel.recv(1) for channel in other.channels] == [b"!"] * 4
        took_s = time.monotonic() - start
    assert took_s >= 1
    # One after the other, 4 s would be the least.
    assert took_s < 4


@pytest.mark.parametrize("function", [kernels.read_held, kernels.read_released])
def test_killed_peer_ends_the_read(function: Callable[..., int]) -> None:
    with Peer(1, delay_s=60) as other:  # never answers in time
        other.channels[0].send(b"?")
        os.kill(other.pid, signal.SIGKILL)
        with contextlib.suppress(ConnectionResetError):  # our byte lay there unread
            assert function(other.channels[0].fileno(), bytearray(1)) == 0


@pytest.mark.slow
def test_late_peer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "LIMIT_S", 1)
    with Peer(1, delay_s=0) as other:
        os.kill(other.pid, signal.SIGSTOP)
        while psutil.Process(other.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        other.channels[0].send(b"?")
        with pytest.raises(BlockingIOError):
            kernels.read_held(other.channels[0].fileno(), bytearray(1))


def test_dead_on_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConnectionError), Peer(2, delay_s=0):
        raise AssertionError("unreachable")


@pytest.mark.slow
def test_its_end_follows_ours() -> None:
    """A parent that is killed leaves no peer behind."""
    code = (
        "import time\nfrom lab.constructions.peer import Peer\n"
        "with Peer(2, 0.01) as peer:\n    print(peer.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        orphan = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    _, alive = psutil.wait_procs([orphan], timeout=60)
    assert not alive


def test_interrupt_is_not_for_the_peer() -> None:
    with Peer(1, delay_s=0.01) as other:
        os.kill(other.pid, signal.SIGINT)
        other.channels[0].send(b"?")
        assert other.channels[0].recv(1) == b"!"


def test_channels_block_and_are_bounded() -> None:
    with Peer(1, delay_s=0) as other:
        channel = other.channels[0]
        assert os.get_blocking(channel.fileno())
        assert channel.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)[0] > 0
