"""What an ELF file tells of a program or library: its symbols, and where it is loaded.

Read with struct: it is asked beside programs that fill the cores, of which to import
pyelftools takes more than to look at one for ten seconds. Symbols, of which there may
be 100,000, are looked for as bytes.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from mmap import PAGESIZE
from struct import Struct
from typing import IO, Any

# Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr and Elf64_Sym, without what is not asked for. Names
# are places in a table of strings.
HEADER, SEGMENT = "32xQQ8xHHHH", "I4xQQ8xQ16x"
SECTION, SYMBOL = "II8xQQQI20x", "IBBHQQ"
MAGIC, OF_64_BITS = b"\x7fELF", 2  # ELFCLASS64
ORDERS = {1: "<", 2: ">"}  # ELFDATA2LSB, ELFDATA2MSB
LOADED, UNWINDING = 1, 0x6474E550  # PT_LOAD, PT_GNU_EH_FRAME
SHARED, ALL = 11, 2  # SHT_DYNSYM, SHT_SYMTAB: the first is the smaller one
FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC: the low 4 bits of what is told of it


class Image:
    """One file. Addresses are the linker's, without the load bias.

    file: open as long as this is used. ValueError where it is no ELF file of 64 bits.
    What is beyond the end of the file is not there, whatever its headers say.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file.fileno()
        head = self._bytes(0, 64)
        if len(head) < 64 or not head.startswith(MAGIC) or head[5] not in ORDERS:
            raise ValueError("no ELF file")
        if head[4] != OF_64_BITS:
            raise ValueError("a program of 32 bits")
        self._order = ORDERS[head[5]]
        self._number, self._symbol = self._form("I"), self._form(SYMBOL)
        header = self._form(HEADER).unpack(head)
        segments, sections, segment_count, _, section_count, self._names = header
        self._segments = [*self._all(SEGMENT, segments, segment_count)]
        self._sections = [*self._all(SECTION, sections, section_count)]

    def address(self, symbol: str) -> int | None:
        """Where a symbol is that the file defines; None if it defines none."""
        word = symbol.encode() + b"\0"
        for symbols, names in self._tables(SHARED, ALL):
            place = names.find(word)
            while place >= 0:  # it may be the end of a longer name as well
                key = self._number.pack(place)
                at = symbols.find(key)
                while at >= 0:  # and the same bytes may mean something else
                    if at % self._symbol.size == 0:
                        _, _, _, section, value, _ = self._symbol.unpack_from(
                            symbols, at
                        )
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

    @property
    def unwinding(self) -> int | None:
        """Where .eh_frame_hdr is; None if there is none."""
        found = (it[2] for it in self._segments if it[0] == UNWINDING)
        return next(found, None)

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
        for kind, begin, address, size in self._segments:
            if kind == LOADED and begin - begin % PAGESIZE <= offset < begin + size:
                return int(start - (address + offset - begin))
        return None

    def _form(self, form: str) -> Struct:
        return Struct(self._order + form)

    def _bytes(self, offset: int, size: int) -> bytes:
        left = os.fstat(self._file).st_size - offset
        return os.pread(self._file, min(size, left), offset) if left > 0 else b""

    def _all(self, form: str, offset: int, count: int) -> Iterator[tuple[Any, ...]]:
        """So many headers from there on."""
        header = self._form(form)
        data = self._bytes(offset, count * header.size)
        return header.iter_unpack(data[: len(data) - len(data) % header.size])

    def _content(self, section: int) -> bytes:
        if section >= len(self._sections):
            return b""
        _, _, _, offset, size, _ = self._sections[section]
        return self._bytes(offset, size)

    def _tables(self, *kinds: int) -> Iterator[tuple[bytes, bytes]]:
        """Tables of symbols of these kinds, each with its strings."""
        for wanted in kinds:
            for place, (_, kind, _, _, _, link) in enumerate(self._sections):
                if kind == wanted:
                    symbols = self._content(place)
                    whole = len(symbols) - len(symbols) % self._symbol.size
                    yield symbols[:whole], self._content(link)

    @cached_property
    def _functions(self) -> list[tuple[list[tuple[int, int, int]], bytes]]:
        """Those that the file defines, by address, each with its size and where its
        name is."""
        return [
            (
                sorted(
                    (value, size, name)
                    for name, told, _, section, value, size in self._symbol.iter_unpack(
                        symbols
                    )
                    if section and told & 15 in FUNCTIONS
                ),
                names,
            )
            for symbols, names in self._tables(ALL, SHARED)
        ]
