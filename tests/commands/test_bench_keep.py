"""What was measured is kept somewhere, and told as long as anybody reads."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.commands import bench, processes
from lab.errors import UsageError
from lab.records.results import KEY, load, parse
from lab.renderers.console import Lasting, console

ROOT = Path(__file__).parents[2]
WHOLE = ROOT / "tests/data/whole.json"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own without room for 100 kB; root may make one."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk of its own: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def _keep(folder: Path) -> str:
    content: dict[str, Any] = json.loads(WHOLE.read_text())
    return bench.keep(content, parse(content, "run"), folder, "run")


def test_a_full_disk_keeps_what_it_has_and_the_run_is_elsewhere(
    full: Path, home: Path
) -> None:
    (full / "latest.json").write_text("before")
    told = _keep(full)
    assert "No space left on device. Kept: " in told
    assert told.startswith(bench.near(full))
    (kept,) = (home / bench.FALLBACK).glob("*.json")
    assert told.endswith(bench.near(kept))
    assert load(kept) == load(WHOLE)
    # Nothing half-written, nothing lost, and no newest run where nobody looks for it.
    assert [(one.name, one.read_text()) for one in full.iterdir()] == [
        ("latest.json", "before")
    ]


def test_results_is_a_file(tmp_path: Path, home: Path) -> None:
    (tmp_path / "results").write_text("mine")
    told = _keep(tmp_path / "results")
    assert "File exists. Kept: " in told
    assert len(list((home / bench.FALLBACK).glob("*.json"))) == 1
    assert (tmp_path / "results").read_text() == "mine"


def test_nowhere_to_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(bench, "ELSEWHERE", (lambda: tmp_path / "file",))
    assert "Not kept" in _keep(tmp_path / "file")


def test_the_newest_cannot_be_replaced(tmp_path: Path, home: Path) -> None:
    """Then the run is not half in one folder and half in another."""
    folder = tmp_path / "results"
    (folder / "latest.json").mkdir(parents=True)
    told = _keep(folder)
    assert "Kept: " in told
    assert [one.name for one in folder.iterdir()] == ["latest.json"]
    assert list((home / bench.FALLBACK).glob("*.json"))


def test_no_room_for_temporary_files(
    full: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    with processes._scratch() as scratch:
        assert Path(scratch).parent == home
    assert not list(home.iterdir())
    assert not list(full.iterdir())
    monkeypatch.setenv("HOME", str(full))
    monkeypatch.chdir(full)
    with (
        pytest.raises(UsageError, match="set TMPDIR"),
        processes._scratch(),
    ):
        pass


def test_a_stream_that_nobody_reads() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        lasting = Lasting(stream)
        out = console(lasting)  # type: ignore[arg-type]  # what rich uses of a stream
        out.print("x" * 10)
        out.file.flush()
        assert lasting.gone == "Broken pipe"
        print("more", file=lasting)
        lasting.flush()
    kept = io.StringIO()
    print("some", file=Lasting(kept))
    assert kept.getvalue() == "some\n"


@pytest.mark.slow
def test_the_reader_is_gone_and_results_is_a_file(tmp_path: Path) -> None:
    """bench | head -1: measured all the same, and the last line says where it is."""
    copy = tmp_path / "gil-lab"
    patterns = shutil.ignore_patterns(
        ".venv*", "results", ".git", "build", "__pycache__"
    )
    shutil.copytree(ROOT, copy, ignore=patterns)
    (copy / "results").write_text("")
    (tmp_path / "home").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "bench", "-k", "test_race and [libc.usleep-rel"],
        cwd=copy,
        env={**os.environ, "THREADS": "", "HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith("gil-lab: ")
        child.stdout.close()
        err = child.stderr.read()
        child.wait(timeout=200)
    assert child.returncode == 0, err
    (kept,) = (tmp_path / "home" / bench.FALLBACK).glob("*.json")
    assert err.splitlines()[-1].startswith("gil-lab: standard output: Broken pipe. ")
    assert err.splitlines()[-1].endswith(kept.name)
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert load(kept).races
    assert json.loads(kept.read_text())[KEY]["part"]
