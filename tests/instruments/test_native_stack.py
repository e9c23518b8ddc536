"""C functions on the stack of a thread that stands in a known one."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

import pytest

from lab.instruments import native_stack as subject
from lab.instruments.native_stack import STACK_POINTERS, NativeStacks
from lab.records.thread_dump import NativeFrame
from lab.system.process import Process
from tests.commands.test_attached import first_line, running
from tests.waiting import until

CODE = "import ctypes; print(flush=True); ctypes.CDLL(None).usleep(60_000_000)"

needs_stack = pytest.mark.skipif(
    platform.machine() not in STACK_POINTERS,
    reason="no stacks are read on this processor",
)


@contextmanager
def sleeping() -> Iterator[tuple[NativeStacks, int, int]]:
    """A process of CODE, and where it is."""
    with running(CODE) as child:
        first_line(child)
        with Process(child.pid) as process, NativeStacks(process) as stacks:
            # Before, it is busy.
            until(lambda: len(process.text("syscall").split()) > 2, "a system call")
            pointer, instruction = process.text("syscall").split()[-2:]
            yield stacks, int(pointer, 16), int(instruction, 16)


def libraries(frames: tuple[NativeFrame, ...]) -> list[str]:
    """Each as often as it is entered."""
    return [name for name, _ in groupby(frame.library for frame in frames)]


@needs_stack
def test_the_function_called_and_its_callers_are_named() -> None:
    with sleeping() as (stacks, pointer, instruction):
        found = stacks.of(pointer, instruction)
        assert stacks.of(1, 1) == ()
    names = [frame.function for frame in found]
    assert any("nanosleep" in name for name in names[:2]), names
    if platform.libc_ver()[0] != "glibc" and len(libraries(found)) == 1:
        pytest.skip("this libc has no tables of unwinding")
    assert "usleep" in names[:4]
    # No old value on the stack is taken for a caller: ctypes calls by way of libffi.
    first, caller = libraries(found)[:2]
    assert first.startswith("libc.")
    assert caller.startswith(("libffi", "_ctypes"))


@needs_stack
def test_nothing_is_told_beyond_what_the_tables_tell() -> None:
    with sleeping() as (stacks, pointer, instruction):
        found = stacks.of(pointer, instruction)
        # Where the stack is not to be read there are no callers.
        assert stacks.of(8, instruction) == found[:1]


def test_on_another_processor_nothing_is_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "STACK_POINTERS", {})
    with sleeping() as (stacks, pointer, instruction):
        assert stacks.of(pointer, instruction) == ()
