"""Python is found in other processes; what is none is refused in a line."""

import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

import lab.instruments.target
from lab.errors import UsageError
from lab.instruments.target import find
from lab.system.elf import Image
from lab.system.process import Mapping, Process
from tests.waiting import until


@contextmanager
def python(executable: str = sys.executable) -> Iterator[Process]:
    """A process of it that has come up."""
    code = "import _json, _random, _struct, math; print(flush=True); input()"
    with subprocess.Popen(
        [executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with Process(child.pid) as process:
            yield process
        child.communicate()


def test_this_very_python_is_found() -> None:
    with python() as process:
        target = find(process)
    assert target.version == sys.hexversion
    assert target.python == ".".join(map(str, sys.version_info[:3]))
    if sys.hexversion >= 0x030D0000:
        assert target.free_threaded == ("t" in sys.abiflags)


def test_it_is_found_without_reading_the_libraries_it_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def noted(file: IO[bytes]) -> Image:
        read.append(Path(file.name).resolve().name)
        return Image(file)

    monkeypatch.setattr(lab.instruments.target, "Image", noted)
    with python() as process:
        find(process)
    assert all(name.startswith(("python", "libpython")) for name in read), read


def test_another_minor_version_is_told_what_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "hexversion", sys.hexversion + (1 << 16))
    minor = f"3.{sys.version_info.minor}"
    with python() as process, pytest.raises(UsageError, match=f"python{minor} -m lab"):
        find(process)


def test_what_is_no_python_is_refused() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        with (
            Process(child.pid) as process,
            pytest.raises(UsageError, match="runs no CPython"),
        ):
            find(process)
        child.communicate()


@pytest.mark.skipif(
    not Path("/proc/thread-self/children").exists(), reason="this system tells none"
)
def test_of_what_starts_python_the_children_are_told() -> None:
    with subprocess.Popen(["sh", "-c", "cat; true"], stdin=subprocess.PIPE) as shell:
        with Process(shell.pid) as process:
            until(process.children, "the shell's child")
            (child,) = process.children()
            with pytest.raises(
                UsageError, match=f"a child of it does, with `ps {child}`"
            ):
                find(process)
        shell.communicate()


def test_a_program_of_32_bits_is_refused(tmp_path: Path) -> None:
    # pause(), again and again: mov eax, 29; int 0x80; jmp.
    code, base = bytes.fromhex("b81d000000cd80ebf7"), 0x08048000
    header = b"\x7fELF\1\1\1".ljust(16, b"\0") + struct.pack(
        "<HHIIIIIHHHHHH", 2, 3, 1, base + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0
    )
    size = 84 + len(code)
    part = struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 4096)
    program = tmp_path / "program"
    program.write_bytes(header + part + code)
    program.chmod(0o755)
    try:
        child = subprocess.Popen([program])
    except OSError as error:
        pytest.skip(f"this system runs none: {error.strerror}")
    maps = Path(f"/proc/{child.pid}/maps")
    with child:
        try:
            until(lambda: str(program) in maps.read_text(), "the program in its memory")
            with (
                Process(child.pid) as process,
                pytest.raises(UsageError, match="of 32 bits: run it on a Python of 64"),
            ):
                find(process)
        finally:
            child.kill()


def test_a_hidden_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(process: Process, mapping: Mapping) -> Path:
        raise FileNotFoundError(mapping.path)

    monkeypatch.setattr(Process, "file_of", hidden)
    with python() as process, pytest.raises(UsageError, match="cannot be read"):
        find(process)
