"""Files appear whole or not at all, and whatever stood at their name is not hurt."""

import os
import select
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.system.files import check_output, write_whole

ROOT = Path(__file__).parents[2]
WHOLE = ROOT / "tests/data/whole.json"


def test_write_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder/target", tmp_path / "link"
    if there:
        target.write_text("before")
        target.chmod(0o600)
    link.symlink_to("folder/target")
    check_output(link)
    write_whole(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert os.listdir(target.parent) == ["target"]
    mask = os.umask(0o777)
    os.umask(mask)
    mode = 0o600 if there else 0o666 & ~mask  # what was private stays private
    assert stat.S_IMODE(target.stat().st_mode) == mode


def test_a_name_as_long_as_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("n" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    write_whole(path, "text")
    assert path.read_text() == "text"


def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    check_output(path)
    write_whole(path, "text")
    assert os.read(reader, 9) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_what_cannot_be_written_is_said_and_stays(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="socket"):
            write_whole(tmp_path / "socket", "text")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "loop", tmp_path, tmp_path / "none/file"):
        with pytest.raises(OSError, match=f"'{path}'"):
            write_whole(path, "text")
        with pytest.raises(UsageError, match=f"^{path}: "):
            check_output(path)
    assert set(os.listdir(tmp_path)) == {"socket", "loop"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_is_no_file_to_replace() -> None:
    before = Path("/dev/full").stat()
    with pytest.raises(OSError, match="'/dev/full'"):
        write_whole("/dev/full", "text")
    assert Path("/dev/full").stat() == before
    assert not [name for name in os.listdir("/dev") if name.startswith(".")]


def test_own_output_is_written_to_whatever_it_is(tmp_path: Path) -> None:
    """Not replaced: what is printed afterwards would go to a file without a name."""
    code = (
        "from pathlib import Path; from lab.system.files import check_output\n"
        "from lab.system.files import write_whole\n"
        "check_output(Path('/dev/stdout')); write_whole('/dev/stdout', 'one ')\n"
        "print('two')"
    )
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, cwd=ROOT, check=True)
    assert (tmp_path / "out").read_text() == "one two\n"
    assert os.listdir(tmp_path) == ["out"]
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, cwd=ROOT) == b"one two\n"


def test_a_source_is_not_overwritten(tmp_path: Path) -> None:
    source, link = tmp_path / "source", tmp_path / "link"
    source.write_text("text")
    link.symlink_to(source)
    with pytest.raises(UsageError, match="is read"):
        check_output(link, tmp_path / "none", source)


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", WHOLE, "--format", "csv", "-o"],
        ["trace", "trace.json", "--chrome"],
        ["scope", "-o"],
        ["scope", "--chrome"],
    ],
    ids=lambda row: f"{row[0]} {row[-1]}",
)
def test_every_command_writes_so(tmp_path: Path, arguments: list[str]) -> None:
    """To a FIFO, which is never read: only its reader is at its other end."""
    from lab.instruments.scope import unavailable
    from lab.records.results import load

    (tmp_path / "program.py").write_text("import os; os.chdir('/')")
    load(WHOLE).timelines[0].trace.save(tmp_path / "trace.json")
    if arguments[0] == "scope" and unavailable():
        pytest.skip(f"no scope: {unavailable()}")
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    program = ["program.py"] * (arguments[0] == "scope")
    command = [sys.executable, "-m", "lab", *map(str, arguments), "fifo", *program]
    got, over = b"", False
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as child:
        while not over:
            over = child.poll() is not None  # then once more
            if select.select([reader], [], [], 0.05)[0]:
                got += os.read(reader, 2**16)
        os.close(reader)
        _, err = child.communicate()
    assert child.returncode == 0, err
    assert got.startswith((b"run,", b"{")), err
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
