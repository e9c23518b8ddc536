"""The C functions on another process's stacks.

Without unwinding tables: a word on the stack that points behind a call instruction is
taken for a return address. Old values, left by calls that are over, can look the same.
"""

import platform
import struct
from bisect import bisect_right
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import PurePath

from lab.records.thread_dump import NativeFrame
from lab.system.elf import Image
from lab.system.mangled import demangled
from lab.system.process import Mapping, Process

# So much of a stack is looked through, and so many functions are named.
MOST_BYTES, MOST_FRAMES = 1 << 15, 64
LONGEST_CALL = 7  # bytes of an instruction


def _after_x86_call(before: bytes) -> bool:
    """call rel32, or call r/m64 in any of its lengths: FF /2."""
    if before[-5] == 0xE8:
        return True
    return any(
        before[-size] == 0xFF and (before[-size + 1] >> 3) & 7 == 2
        for size in (2, 3, 4, 6, 7)
    )


def _after_arm_call(before: bytes) -> bool:
    """bl, or blr."""
    word = int.from_bytes(before[-4:], "little")
    return word >> 26 == 0x25 or word & 0xFFFFFC1F == 0xD63F0000


AFTER_CALL: dict[str, Callable[[bytes], bool]] = {
    "x86_64": _after_x86_call,
    "aarch64": _after_arm_call,
}


class NativeStacks:
    """with NativeStacks(process) as stacks: ... The process's libraries are those that
    it has now."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._after_call = AFTER_CALL.get(platform.machine())
        self._mappings = process.mappings()
        self._code = [one for one in self._mappings if one.executable]
        self._starts = [one.start for one in self._code]
        self._images: dict[str, Image | None] = {}
        self._open = ExitStack()

    def __enter__(self) -> "NativeStacks":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, pointer: int, instruction: int) -> tuple[NativeFrame, ...]:
        """The functions of a thread that stands still, innermost first; none on another
        kind of processor. pointer, instruction: its registers' values."""
        found: list[NativeFrame] = []
        for address in [instruction, *self._return_addresses(pointer)]:
            frame = self._named(address)
            if frame is not None and frame not in found[-1:]:
                found.append(frame)
            if len(found) == MOST_FRAMES:
                break
        return tuple(found)

    def _return_addresses(self, pointer: int) -> list[int]:
        stack = next((m for m in self._mappings if m.start <= pointer < m.end), None)
        if self._after_call is None or stack is None:
            return []
        size = min(stack.end - pointer, MOST_BYTES) & ~7
        try:
            stack_bytes = self._process.read(pointer, size)
        except ValueError:
            return []
        words = struct.unpack(
            f"{len(stack_bytes) // 8}Q", stack_bytes[: len(stack_bytes) & ~7]
        )
        return [
            word for word in words if self._code_at(word) and self._is_behind_call(word)
        ]

    def _code_at(self, address: int) -> Mapping | None:
        """The mapping with code that an address lies in."""
        place = bisect_right(self._starts, address) - 1
        if place >= 0 and address < self._code[place].end:
            return self._code[place]
        return None

    def _is_behind_call(self, address: int) -> bool:
        assert self._after_call is not None
        try:
            before = self._process.read(address - LONGEST_CALL, LONGEST_CALL)
        except ValueError:
            return False
        return len(before) == LONGEST_CALL and self._after_call(before)

    def _named(self, address: int) -> NativeFrame | None:
        mapping = self._code_at(address)
        image = mapping and self._image(mapping)
        if mapping is None or image is None:
            return None
        bias = image.bias(mapping.start, mapping.offset)
        # A return address may lie behind the last instruction of its function.
        function = None if bias is None else image.function(address - 1 - bias)
        if not function:
            return None
        return NativeFrame(demangled(function), PurePath(mapping.path).name)

    def _image(self, mapping: Mapping) -> Image | None:
        """The file of a mapping; None if there is none that can be read."""
        if mapping.path not in self._images:
            image = None
            if mapping.path.startswith("/"):
                try:
                    path = self._process.file_of(mapping)
                    image = Image(self._open.enter_context(path.open("rb")))
                except (OSError, ValueError):
                    image = None
            self._images[mapping.path] = image
        return self._images[mapping.path]
