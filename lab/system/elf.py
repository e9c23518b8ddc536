"""What an ELF file tells of a program or library: its symbols, and where it is loaded.

pyelftools reads the headers, numpy the symbols, of which there may be 100,000.
"""

from functools import cached_property
from mmap import PAGESIZE
from typing import IO

import numpy as np
import numpy.typing as npt
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

# Elf64_Sym; the name is a place in a table of strings.
SYMBOL = np.dtype(
    [
        ("name", "u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "u2"),
        ("value", "u8"),
        ("size", "u8"),
    ]
)
FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC: the low 4 bits of info

Symbols = npt.NDArray[np.void]


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

    def address(self, symbol: str) -> int | None:
        """Where a symbol is that the file defines; None if it defines none."""
        word = symbol.encode() + b"\0"
        for symbols, names in self._tables:
            place = names.find(word)
            while place >= 0:  # it may be the end of a longer name as well
                found = symbols[symbols["name"] == place]
                if found.size:
                    return int(found[0]["value"])
                place = names.find(word, place + 1)
        return None

    def section(self, name: str) -> int | None:
        """Where a section is; None if there is none of that name."""
        found = self._elf.get_section_by_name(name)
        return None if found is None else int(found["sh_addr"])

    def function(self, address: int) -> str | None:
        """The name of the function that an address lies in, as the linker knows it."""
        for functions, names in self._functions:
            place = int(np.searchsorted(functions["value"], address, "right")) - 1
            if (
                place >= 0
                and address - functions[place]["value"] < (functions[place]["size"])
            ):
                start = int(functions[place]["name"])
                return names[start : names.index(b"\0", start)].decode(
                    "ascii", "replace"
                )
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
    def _tables(self) -> list[tuple[Symbols, bytes]]:
        """Tables of the symbols that the file defines, each with its strings."""
        form = SYMBOL.newbyteorder("<" if self._elf.little_endian else ">")
        found = []
        for name in (".symtab", ".dynsym"):
            table = self._elf.get_section_by_name(name)
            if table is not None and table["sh_type"] != "SHT_NOBITS":
                symbols = np.frombuffer(table.data(), form)
                names = self._elf.get_section(table["sh_link"]).data()
                found.append((symbols[symbols["section"] != 0], names))
        return found

    @cached_property
    def _functions(self) -> list[tuple[Symbols, bytes]]:
        return [
            (
                np.sort(
                    symbols[np.isin(symbols["info"] & 15, FUNCTIONS)], order="value"
                ),
                names,
            )
            for symbols, names in self._tables
        ]
