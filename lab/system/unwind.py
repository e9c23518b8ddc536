"""From a function of C to its caller, by the tables that compilers leave for it.

.eh_frame_hdr and .eh_frame (Linux Standard Base Core, "Exception Frames"), in the forms
that linkers write on Linux; the rows of a table are made by instructions of DWARF 5,
6.4.2. What is rare there is not told.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

# How addresses are written (DW_EH_PE_...): 4 bytes relative to where they stand, 4
# bytes relative to the header, 4 bytes without a sign.
RELATIVE, OF_HEADER, COUNT = 0x1B, 0x3B, 0x03
# Bytes of an address by the low 4 bits of the same.
SIZES = {0: 8, 2: 2, 3: 4, 4: 8, 10: 2, 11: 4, 12: 8}
# Instructions (DW_CFA_...): those with an operand in their low 6 bits, by the high 2;
# others; and those that move nothing: nop, AARCH64_negate_ra_state.
ADVANCE, OFFSET, RESTORE = 1, 2, 3
ADVANCE_BY, REMEMBER, RECALL, BASE_AND_ABOVE, BASE, ABOVE = (
    (2, 3, 4),
    10,
    11,
    12,
    13,
    14,
)
IDLE = (0, 0x2D)

INDEXED = struct.Struct("<ii")


@dataclass(frozen=True, slots=True)
class Row:
    """How to find what the caller had, from what a function has at an address."""

    caller: int
    """The register, in DWARF's numbers, that stands for the return address."""
    base: int = -1
    """That from which the end of the frame is told; -1: none."""
    above: int = 0
    """How far the end is above it: there the caller's stack pointer was."""
    saved: dict[int, int] = field(default_factory=dict)
    """Where registers of the caller are, as bytes from that end."""


class UnwindTable:
    """The table of a program or library as it is loaded.

    read: bytes at an address, so many or less; ValueError where there are none. header:
    the address of .eh_frame_hdr. ValueError where it is of another form.
    """

    def __init__(self, read: Callable[[int, int], bytes], header: int) -> None:
        self._read, self._header = read, header
        head = read(header, 12)
        if len(head) < 12 or tuple(head[:4]) != (1, RELATIVE, COUNT, OF_HEADER):
            raise ValueError("another form of table")
        # Of each function: where it starts and where its entry is, from the header on.
        self._index = read(header + 12, 8 * int.from_bytes(head[8:], "little"))

    def row(self, address: int) -> Row | None:
        """None where the table does not tell."""
        functions = range(len(self._index) // 8)
        place = bisect_right(functions, address - self._header, key=self._start) - 1
        try:
            entry = INDEXED.unpack_from(self._index, 8 * place)[1]
            return self._row(self._header + entry, address)
        except (ValueError, struct.error, IndexError, KeyError):
            return None

    def _start(self, function: int) -> int:
        return int(INDEXED.unpack_from(self._index, 8 * function)[0])

    def _row(self, entry: int, address: int) -> Row | None:
        data = self._entry(entry)
        common, start, size = struct.unpack_from("<IiI", data)
        start += entry + 8
        if not start <= address < start + size:
            return None
        extra, at = unsigned(data, 12)
        code, factor, first, caller = self._common(entry + 4 - common)
        row = _after(first, code, factor, Row(caller), address - start)
        return _after(data[at + extra :], code, factor, row, address - start)

    def _entry(self, address: int) -> bytes:
        (size,) = struct.unpack("<I", self._read(address, 4))
        return self._read(address + 4, size)

    def _common(self, address: int) -> tuple[int, int, bytes, int]:
        """What many functions have: bytes of a step of code and of data, the first
        instructions, the register of the return address."""
        data = self._entry(address)
        end = data.index(0, 5)
        extras = data[5:end].decode("ascii")
        code, at = unsigned(data, end + 1)
        factor, at = signed(data, at)
        caller, at = unsigned(data, at)
        size, at = unsigned(data, at)
        first = data[at + size :]
        if extras[:1] != "z":
            raise ValueError("of an unknown size")
        for letter in extras[1:]:
            if letter == "R" and data[at] != RELATIVE:
                raise ValueError("addresses of another form")
            if letter == "P":
                at += SIZES[data[at] & 15]
            elif letter not in "RL":  # S: a handler of signals was called there
                raise ValueError("another kind of frame")
            at += 1
        return code, factor, first, caller


def _after(program: bytes, code: int, factor: int, row: Row, end: int) -> Row:
    """The row of the instruction so many bytes behind the start of its function."""
    base, above, saved = row.base, row.above, dict(row.saved)
    kept: list[tuple[int, int, dict[int, int]]] = []
    at = place = 0
    while at < len(program) and place <= end:
        high, low = program[at] >> 6, program[at] & 63
        at += 1
        if high == ADVANCE:
            place += low * code
        elif high == OFFSET:
            value, at = unsigned(program, at)
            saved[low] = value * factor
        elif high == RESTORE:
            saved.pop(low, None)
            saved |= {key: it for key, it in row.saved.items() if key == low}
        elif low in ADVANCE_BY:
            size = 1 << ADVANCE_BY.index(low)
            place += int.from_bytes(program[at : at + size], "little") * code
            at += size
        elif low == REMEMBER:
            kept.append((base, above, dict(saved)))
        elif low == RECALL:
            base, above, saved = kept.pop()
        elif low in (BASE_AND_ABOVE, BASE):
            base, at = unsigned(program, at)
            if low == BASE_AND_ABOVE:
                above, at = unsigned(program, at)
        elif low == ABOVE:
            above, at = unsigned(program, at)
        elif low not in IDLE:
            raise ValueError(f"instruction {low:#x}")
    return Row(row.caller, base, above, saved)


def unsigned(data: bytes, at: int) -> tuple[int, int]:
    """A number in 7 bits a byte (LEB128), and where it ends."""
    value = shift = 0
    while data[at] > 127:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def signed(data: bytes, at: int) -> tuple[int, int]:
    """The same with a sign."""
    value, end = unsigned(data, at)
    bits = 7 * (end - at)
    return value - (value >> (bits - 1) << bits), end
