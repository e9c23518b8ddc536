"""What an ELF file tells of a program or library: its symbols, and where it is loaded.

Read with struct alone: to import pyelftools and numpy takes longer than all that is
asked here, and of a process that hangs it is asked on a busy machine.
"""

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from mmap import PAGESIZE
from typing import IO, Any

# Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr and Elf64_Sym, without what is not asked for.
HEADER, PART, SECTION, SYMBOL = "32xQQ8xHHHH", "I4xQQ8xQ16x", "II8xQQQI20x", "IBBHQQ"
LOADED = 1  # PT_LOAD
TABLES = (2, 11)  # SHT_SYMTAB, SHT_DYNSYM
FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC: the low 4 bits of what is told of it


class Image:
    """One file. Addresses are the linker's, without the load bias.

    file: open as long as this is used. ValueError where it is no ELF file of 64 bits.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file.fileno()
        head = self._bytes(0, 64)
        if len(head) < 64 or head[:4] != b"\x7fELF":
            raise ValueError("no ELF file")
        if head[4] != 2:
            raise ValueError("a program of 32 bits")
        self._order = "<" if head[5] == 1 else ">"
        header = self._form(HEADER).unpack(head)
        parts, sections, count, _, section_count, self._names = header
        self._parts = [
            part[1:] for part in self._all(PART, parts, count) if part[0] == LOADED
        ]
        self._sections = [*self._all(SECTION, sections, section_count)]

    def _form(self, form: str) -> struct.Struct:
        return struct.Struct(self._order + form)

    def _bytes(self, offset: int, size: int) -> bytes:
        """As many of them as the file has: what it says of itself may be wrong."""
        left = os.fstat(self._file).st_size - offset
        return os.pread(self._file, min(size, left), offset) if left > 0 else b""

    def _all(self, form: str, offset: int, count: int) -> Iterator[tuple[Any, ...]]:
        """Records from there on."""
        size = self._form(form).size
        data = self._bytes(offset, count * size)
        return self._form(form).iter_unpack(data[: len(data) // size * size])

    def _content(self, section: int) -> bytes:
        if section >= len(self._sections):
            return b""
        _, _, _, offset, size, _ = self._sections[section]
        return self._bytes(offset, size)

    def address(self, symbol: str) -> int | None:
        """Where a symbol is that the file defines; None if it defines none."""
        word, number, form = (
            symbol.encode() + b"\0",
            self._form("I"),
            self._form(SYMBOL),
        )
        for symbols, names in self._tables:
            place = names.find(word)
            while place >= 0:  # it may be the end of a longer name as well
                key = number.pack(place)
                at = symbols.find(key)
                while at >= 0:  # and the same bytes may mean something else
                    if at % form.size == 0:
                        _, _, _, section, value, _ = form.unpack_from(symbols, at)
                        if section:
                            return int(value)
                    at = symbols.find(key, at + 1)
                place = names.find(word, place + 1)
        return None

    def section(self, name: str) -> int | None:
        """Where a section is; None if there is none of that name."""
        names = self._content(self._names)
        word = name.encode() + b"\0"
        for place, _, address, *_ in self._sections:
            if names.startswith(word, place):
                return int(address)
        return None

    def function(self, address: int) -> str | None:
        """The name of the function that an address lies in, as the linker knows it."""
        for functions, names in self._functions:
            place = bisect_right(functions, (address, 2**64)) - 1
            if place >= 0:
                value, size, start = functions[place]
                if address - value < size:
                    end = names.find(b"\0", start)
                    return names[start:end].decode("ascii", "replace")
        return None

    def bias(self, start: int, offset: int) -> int | None:
        """What loading added to each address, where the file's part from this offset on
        is mapped to `start`; None where no such part is loaded."""
        for part, address, size in self._parts:
            if part - part % PAGESIZE <= offset < part + size:
                return int(start - (address + offset - part))
        return None

    @cached_property
    def _tables(self) -> list[tuple[bytes, bytes]]:
        """Tables of symbols, each with its strings."""
        found = []
        for place, (_, kind, _, _, _, link) in enumerate(self._sections):
            if kind in TABLES:
                symbols = self._content(place)
                whole = len(symbols) - len(symbols) % self._form(SYMBOL).size
                found.append((symbols[:whole], self._content(link)))
        return found

    @cached_property
    def _functions(self) -> list[tuple[list[tuple[int, int, int]], bytes]]:
        """Those that the file defines, by address, each with its size and where its
        name is."""
        form = self._form(SYMBOL)
        return [
            (
                sorted(
                    (value, size, name)
                    for name, told, _, section, value, size in form.iter_unpack(symbols)
                    if section and told & 15 in FUNCTIONS
                ),
                names,
            )
            for symbols, names in self._tables
        ]
