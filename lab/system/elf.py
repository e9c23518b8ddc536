"""What an ELF file tells of a program or library: its symbols, and where it is loaded.

pyelftools reads the headers. Symbols, of which there may be 100,000, are looked for as
bytes: they are asked for on a busy machine, and numpy alone takes longer to import.
"""

from bisect import bisect_right
from functools import cached_property
from mmap import PAGESIZE
from struct import Struct
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

SYMBOL = "IBBHQQ"  # Elf64_Sym: the name is a place in a table of strings
FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC: the low 4 bits of what is told of it


class Image:
    """One file. Addresses are the linker's, without the load bias.

    file: open as long as this is used. ValueError where it is no ELF file of 64 bits.
    """

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._elf = ELFFile(file)
        except ELFError as error:
            raise ValueError(f"no ELF file: {error}") from error
        if self._elf.elfclass != 64:
            raise ValueError(f"a program of {self._elf.elfclass} bits")
        order = "<" if self._elf.little_endian else ">"
        self._number, self._symbol = Struct(order + "I"), Struct(order + SYMBOL)

    def address(self, symbol: str) -> int | None:
        """Where a symbol is that the file defines; None if it defines none."""
        word = symbol.encode() + b"\0"
        for symbols, names in self._tables:
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
        found = self._elf.get_section_by_name(name)
        return None if found is None else int(found["sh_addr"])

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
        for part in self._elf.iter_segments("PT_LOAD"):
            first = part["p_offset"] - part["p_offset"] % PAGESIZE
            if first <= offset < part["p_offset"] + part["p_filesz"]:
                return int(start - (part["p_vaddr"] + offset - part["p_offset"]))
        return None

    @cached_property
    def _tables(self) -> list[tuple[bytes, bytes]]:
        """Tables of symbols, each with its strings."""
        found = []
        for name in (".symtab", ".dynsym"):
            table = self._elf.get_section_by_name(name)
            if table is not None and table["sh_type"] != "SHT_NOBITS":
                symbols = table.data()
                whole = len(symbols) - len(symbols) % self._symbol.size
                names = self._elf.get_section(table["sh_link"]).data()
                found.append((symbols[:whole], names))
        return found

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
            for symbols, names in self._tables
        ]
