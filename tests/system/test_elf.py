"""ELF files of this very process: what is told of them agrees with where things are."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from lab.system.elf import Image
from lab.system.process import Process

LIBC = ctypes.CDLL(None)


def address_of(name: str) -> int:
    return ctypes.cast(getattr(LIBC, name), ctypes.c_void_p).value or 0


@pytest.mark.parametrize("name", ["getpid", "pthread_mutex_lock", "usleep"])
def test_a_symbol_is_where_the_loader_put_it(name: str) -> None:
    code = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with Process(child.pid) as other:
            first = next(m for m in other.mappings() if "libc.so" in m.path)
            with other.file_of(first).open("rb") as file:
                image = Image(file)
                bias, linked = (
                    image.bias(first.start, first.offset),
                    image.address(name),
                )
                assert linked is not None
                assert bias is not None
                # The same bytes as here, where the loader itself tells the address.
                here = ctypes.string_at(address_of(name), 16)
                assert other.read(bias + linked, 16) == here
                assert image.function(linked + 3) in {name, f"__{name}"}
        child.communicate()


def test_of_a_symbol_that_is_not_defined_nothing_is_told() -> None:
    with Path(sys.executable).open("rb") as file:
        image = Image(file)
        assert image.address("no_such_symbol") is None
        assert image.section(".no_such_section") is None
        assert image.function(2**60) is None
        assert image.bias(0, 2**60) is None


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x01\x01"])
def test_what_is_no_elf_file_of_64_bits_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data.ljust(200, b"\0") if len(data) > 4 else data)
    with path.open("rb") as file, pytest.raises(ValueError, match=r"ELF|bits"):
        Image(file)


def test_of_a_file_that_was_cut_nothing_false_is_told(tmp_path: Path) -> None:
    """Its headers still speak of what is no longer there."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    libc = next(line.split(maxsplit=5)[5] for line in maps if "libc.so" in line)
    whole, told = Path(libc).read_bytes(), set()
    path = tmp_path / "cut"
    for size in (*range(64, len(whole), len(whole) // 20), len(whole)):
        path.write_bytes(whole[:size])
        with path.open("rb") as file:
            image = Image(file)
            told.add((image.address("getpid"), image.section(".text")))
            assert image.function(2**60) is None
    assert (None, None) in told
    for found in zip(*told, strict=True):
        assert len(set(found) - {None}) == 1
