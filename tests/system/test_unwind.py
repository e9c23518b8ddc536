"""Tables of unwinding, made here by hand."""

import struct

import pytest

from lab.system.unwind import Row, UnwindTable, signed, unsigned

HEADER, COMMON, ENTRY, CODE = 0x1000, 0x1100, 0x1200, 0x2000
# At its start a function's frame ends 8 above the stack pointer (7), the return
# address (16) just below.
FIRST = "0c 07 08 90 01"
# push rbp; after 4 bytes rbp (6) is the base; then all is as at first, and again.
PROGRAM = "41 0e 10 86 02 43 0d 06 0a 04 00 01 00 00 0c 07 08 c6 44 0b 02 04 0e 18"
START = Row(16, 7, 8, {16: -8})
PUSHED = Row(16, 7, 16, {16: -8, 6: -16})
BASED = Row(16, 6, 16, {16: -8, 6: -16})


def made(
    program: str = PROGRAM, extras: bytes = b"zPLR", kind: int = 1, encoding: int = 0x1B
) -> UnwindTable:
    """A function of 0x200 bytes at CODE."""
    size = {b"P": b"\x9b" + bytes(4), b"L": b"\x1b", b"R": bytes([encoding])}
    told = b"".join(size.get(extras[i : i + 1], b"") for i in range(1, len(extras)))
    common = bytes(4) + b"\x01" + extras + b"\0" + b"\x01\x78\x10"
    common += bytes([len(told)]) + told + bytes.fromhex(FIRST)
    where = struct.pack("<IiI", ENTRY + 4 - COMMON, CODE - ENTRY - 8, 0x200)
    entry = where + b"\x02\xff\xff" + bytes.fromhex(program)
    memory = {
        HEADER: bytes([kind, 0x1B, 3, 0x3B]) + struct.pack("<iI", 0, 1),
        HEADER + 12: struct.pack("<ii", CODE - HEADER, ENTRY - HEADER),
        COMMON: struct.pack("<I", len(common)),
        COMMON + 4: common,
        ENTRY: struct.pack("<I", len(entry)),
        ENTRY + 4: entry,
    }

    def read(address: int, size: int) -> bytes:
        if address not in memory:
            raise ValueError("nothing there")
        return memory[address][:size]

    return UnwindTable(read, HEADER)


@pytest.mark.parametrize(
    ("offset", "row"),
    [
        (0, START),
        (1, PUSHED),
        (3, PUSHED),
        (4, BASED),
        (0x103, BASED),
        (0x104, START),
        (0x108, BASED),
        (0x10C, Row(16, 6, 24, {16: -8, 6: -16})),
        (0x1FF, Row(16, 6, 24, {16: -8, 6: -16})),
        (0x200, None),
        (-1, None),
    ],
)
def test_each_instruction_has_its_row(offset: int, row: Row | None) -> None:
    assert made().row(CODE + offset) == row


@pytest.mark.parametrize(
    "table",
    [
        made("0f 03 77 08 06"),  # an expression
        made("86"),  # it ends too early
        made(extras=b""),
        made(extras=b"zRS"),
        made(encoding=0x03),
    ],
)
def test_what_is_rare_is_not_told(table: UnwindTable) -> None:
    assert table.row(CODE + 1) is None


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="another form"):
        made(kind=2)


def test_numbers_are_read_as_the_format_says() -> None:
    assert unsigned(b"\xe5\x8e\x26", 0) == (624485, 3)
    assert signed(b"\xc0\xbb\x78", 0) == (-123456, 3)
    assert signed(b"\x02", 0) == (2, 1)
    assert signed(b"\x7e", 0) == (-2, 1)
