"""C functions on the stack of a thread that stands in a known one."""

import platform
import time

import pytest

from lab.instruments import native_stack as subject
from lab.instruments.native_stack import AFTER_CALL, NativeStacks
from lab.system.process import Process
from tests.commands.test_attached import first_line, running

CODE = "import ctypes; print(flush=True); ctypes.CDLL(None).usleep(60_000_000)"

needs_stack = pytest.mark.skipif(
    platform.machine() not in AFTER_CALL, reason="no stacks are read on this processor"
)


@needs_stack
def test_the_function_called_and_its_callers_are_named() -> None:
    with running(CODE) as child:
        first_line(child)
        with Process(child.pid) as process, NativeStacks(process) as stacks:
            end_s = time.monotonic() + 60
            while len(words := process.text("syscall").split()) < 3:  # it is busy
                assert time.monotonic() < end_s
                time.sleep(0.01)
            pointer, instruction = (int(word, 16) for word in words[-2:])
            found = stacks.of(pointer, instruction)
            assert stacks.of(1, 1) == ()
    names = [frame.function for frame in found]
    assert any("nanosleep" in name for name in names[:2]), names
    assert "usleep" in names[:4]
    assert any(frame.library.startswith("_ctypes") for frame in found)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("00 00 e8 00 00 00 00", True),
        ("00 00 00 00 00 ff d0", True),  # call rax
        ("00 00 00 00 ff 50 08", True),  # call [rax + 8]
        ("00 ff 15 00 00 00 00", True),  # call [rip]
        ("00 00 00 00 00 ff e0", False),  # jmp rax
        ("00 00 00 00 00 00 00", False),
    ],
)
def test_what_stands_before_a_return_address_is_a_call(code: str, call: bool) -> None:
    assert AFTER_CALL["x86_64"](bytes.fromhex(code)) == call


def test_on_arm_too() -> None:
    after = AFTER_CALL["aarch64"]
    assert after(bytes(3) + 0x94000010.to_bytes(4, "little"))  # bl
    assert after(bytes(3) + 0xD63F0100.to_bytes(4, "little"))  # blr x8
    assert not after(bytes(3) + 0xD61F0100.to_bytes(4, "little"))  # br x8


def test_on_another_processor_nothing_is_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "AFTER_CALL", {})
    with running(CODE) as child:
        first_line(child)
        with Process(child.pid) as process, NativeStacks(process) as stacks:
            start = process.mappings()[0].start
            assert stacks.of(start, 1) == ()
