"""The bench from end to end, in real processes: what it prints, keeps and leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lab.results import KEY, load

ROOT = Path(__file__).parent.parent
PATTERNS = shutil.ignore_patterns(".venv*", "results", ".git", "build", "__pycache__")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, so that no result of the user's is touched."""
    copy = tmp_path_factory.mktemp("copy") / "gil-lab"
    shutil.copytree(ROOT, copy, ignore=PATTERNS)
    return copy


def _bench(
    checkout: Path, *arguments: str, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lab", "bench", *arguments],
        cwd=checkout,
        env={**os.environ, "THREADS": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_reduced_bench(checkout: Path) -> None:
    with _bench(
        checkout, "-k", "test_race and (collatz or usleep)", THREADS="1,2"
    ) as child:
        out, err = child.communicate(timeout=100)
    assert child.returncode == 0, out + err
    lines = out.splitlines()
    assert lines[0].startswith("gil-lab: ")
    assert "usable cores" in lines[0]
    assert "benchmark 'collatz': 6 tests" in out  # pytest-benchmark's own table
    rows = [line for line in lines if line.startswith(("collatz ", "libc.usleep "))]
    assert len(rows) == 10
    assert "The myth:" in out
    assert "The finding:" in out
    table = lines[lines.index(rows[0]) - 1 :]
    assert max(map(len, table)) <= 100
    assert out.isascii()
    assert "\x1b" not in out
    assert "[10/10]" in err  # progress

    kept = sorted((checkout / "results").iterdir())
    assert [path.name for path in kept][-1] == "latest.json"
    assert kept[0].read_bytes() == kept[1].read_bytes()
    assert len(load(kept[1]).races) == 10
    assert "datetime" in json.loads(kept[1].read_text())  # pytest-benchmark's format

    again = subprocess.run(
        [sys.executable, "-m", "lab", "report", "results/latest.json"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0
    assert [line for line in again.stdout.splitlines() if line in rows] == rows


def test_a_contradicted_claim_exits_1(checkout: Path, tmp_path: Path) -> None:
    """A held twin that says it is released: the lab must not believe it."""
    record = Path(__file__).parent / "records" / "held.json"
    content = json.loads(record.read_text())
    for benchmark in content["benchmarks"]:
        benchmark["extra_info"][KEY][0]["claim"] = "threads help"
    lie = tmp_path / "lie.json"
    lie.write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "-m", "lab", "report", str(lie)],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "!! " in done.stdout
    assert "contradicted" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_a_thread_holds_the_gil(
    checkout: Path, number: signal.Signals
) -> None:
    before = set((checkout / "results").glob("*"))
    with _bench(checkout, "-k", "sleep-held-8 and libc.sleep") as child:
        assert child.stderr is not None
        assert child.stderr.readline().startswith("[1/1]")
        time.sleep(1.5)  # deep in sleep(1), eight threads after one another
        family = psutil.Process(child.pid).children(recursive=True)
        assert family
        start = time.monotonic()
        child.send_signal(number)
        child.wait(timeout=10)
        took_s = time.monotonic() - start
        err = child.stderr.read()
    assert took_s < 2  # what the lab promises
    assert child.returncode == 128 + number
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(family, timeout=1)
    assert not alive
    assert set((checkout / "results").glob("*")) == before


def test_interrupted_in_held_reads_of_fifos(checkout: Path, tmp_path: Path) -> None:
    """Killed while a thread holds the GIL, it cannot tidy up itself."""
    chosen = "test_files and fifo.libc.read-held"
    with _bench(checkout, "-k", chosen, THREADS="256", TMPDIR=str(tmp_path)) as child:
        assert child.stderr is not None
        child.stderr.readline()
        end = time.monotonic() + 20
        while not list(tmp_path.rglob("200")) and time.monotonic() < end:
            time.sleep(0.02)
        assert list(tmp_path.rglob("200")), "no FIFO was made"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=10)
    assert not list(tmp_path.iterdir())


def test_interrupted_with_a_peer(checkout: Path) -> None:
    with _bench(checkout, "-k", "test_race and read-held", THREADS="64") as child:
        assert child.stderr is not None
        child.stderr.readline()
        time.sleep(1)
        family = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=10)
    _, alive = psutil.wait_procs(family, timeout=2)
    assert not alive
