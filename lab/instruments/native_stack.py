"""The C functions on another process's stacks, by the tables of unwinding."""

import platform
from bisect import bisect_right
from contextlib import ExitStack, suppress
from pathlib import PurePath

from lab.records.thread_dump import NativeFrame
from lab.system.elf import Image
from lab.system.mangled import demangled
from lab.system.process import Mapping, Process
from lab.system.unwind import Row, UnwindTable

MOST_FRAMES = 64
# Of a return address: ARM may sign it in the bits above.
ADDRESS = (1 << 48) - 1
# The stack pointer among DWARF's numbers of registers.
STACK_POINTERS = {"x86_64": 7, "aarch64": 31}


class NativeStacks:
    """with NativeStacks(process) as stacks: ... The process's libraries are those that
    it has now."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._stack_pointer = STACK_POINTERS.get(platform.machine())
        self._code = [one for one in process.mappings() if one.executable]
        self._starts = [one.start for one in self._code]
        self._images: dict[str, Image | None] = {}
        self._tables: dict[str, UnwindTable | None] = {}
        self._rows: dict[int, Row | None] = {}
        self._open = ExitStack()

    def __enter__(self) -> "NativeStacks":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, pointer: int, instruction: int) -> tuple[NativeFrame, ...]:
        """The functions of a thread that stands still, innermost first, as far as the
        tables tell the way; none on another kind of processor. pointer, instruction:
        its registers' values."""
        found: list[NativeFrame] = []
        if self._stack_pointer is None:
            return ()
        registers, address = {self._stack_pointer: pointer}, instruction
        for _ in range(MOST_FRAMES):
            frame, row = self._frame(address), self._row(address)
            if frame is not None:
                found.append(frame)
            if row is None or not self._to_caller(row, registers):
                break
            # A return address may lie behind the last instruction of its function.
            address = (registers[row.caller] & ADDRESS) - 1
        return tuple(found)

    def _to_caller(self, row: Row, registers: dict[int, int]) -> bool:
        """Let registers, as far as they are known, be the caller's; False where there
        is none, or nothing tells."""
        assert self._stack_pointer is not None
        end = registers.get(row.base, 0) + row.above
        if row.caller not in row.saved or end <= registers[self._stack_pointer]:
            return False
        try:
            for register, offset in row.saved.items():
                data = self._process.read(end + offset, 8)
                registers[register] = int.from_bytes(data, "little")
        except ValueError:
            return False
        registers[self._stack_pointer] = end
        return registers[row.caller] > 0

    def _row(self, address: int) -> Row | None:
        if address not in self._rows:
            table = self._table(address)
            self._rows[address] = table.row(address) if table else None
        return self._rows[address]

    def _table(self, address: int) -> UnwindTable | None:
        mapping = self._code_at(address)
        image = mapping and self._image(mapping)
        if mapping is None or image is None:
            return None
        if mapping.path not in self._tables:
            table, header = None, image.unwinding
            bias = image.bias(mapping.start, mapping.offset)
            if header is not None and bias is not None:
                with suppress(ValueError):
                    table = UnwindTable(self._process.read, bias + header)
            self._tables[mapping.path] = table
        return self._tables[mapping.path]

    def _code_at(self, address: int) -> Mapping | None:
        """The mapping with code that an address lies in."""
        place = bisect_right(self._starts, address) - 1
        if place >= 0 and address < self._code[place].end:
            return self._code[place]
        return None

    def _frame(self, address: int) -> NativeFrame | None:
        """None where there is no code."""
        mapping = self._code_at(address)
        if mapping is None:
            return None
        image, function = self._image(mapping), None
        bias = image.bias(mapping.start, mapping.offset) if image else None
        if image and bias is not None:
            function = image.function(address - bias)
        library = PurePath(mapping.path).name
        return NativeFrame(demangled(function) if function else "", library)

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
