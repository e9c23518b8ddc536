"""The bench from end to end, in real processes: what it prints, keeps and leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from lab.records.results import KEY, load

ROOT = Path(__file__).parents[2]
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


def _started(child: subprocess.Popen[str]) -> None:
    """Return once it has said what it runs on."""
    assert child.stdout is not None
    assert child.stdout.readline().startswith("gil-lab: ")


@pytest.mark.slow
def test_reduced_bench(checkout: Path) -> None:
    """A part of the bench: six processes, all that is printed, all that is kept."""
    with _bench(checkout, "-k", "test_race and ([collatz- or [libc.usleep-)") as child:
        out, err = child.communicate(timeout=300)
    assert child.returncode == 0, out + err
    lines = out.splitlines()
    assert lines[0].startswith("gil-lab: ")
    assert "usable cores" in lines[0]
    assert "The myth:" in out
    assert "The finding:" in out
    assert max(map(len, lines)) <= 100
    assert out.isascii()
    assert "\x1b" not in out

    (kept,) = (checkout / "results").glob("2*.json")
    run = load(kept)
    assert run.part == "-k test_race and ([collatz- or [libc.usleep-)"
    assert len(run.races) == 5  # three twins and two, at one number of threads
    for race in run.races:
        rounds = Counter(round_.process for round_ in race.rounds)
        assert set(range(6)) <= set(rounds)
        assert race.experiment == "kernels"
    sizes = {race.twin: race.size for race in run.races if race.kernel == "collatz"}
    assert sizes["held"] == sizes["released"] != sizes["interpreter"]
    content = json.loads(kept.read_text())
    assert "datetime" in content  # pytest-benchmark's format
    for benchmark in content["benchmarks"]:
        assert benchmark["stats"]["rounds"] == len(benchmark["stats"]["data"]) >= 6


@pytest.fixture(scope="module")
def failing(checkout: Path) -> tuple[int, str, str, set[Path]]:
    """A verbose bench one of whose experiments fails: exit code, output, results."""
    broken = checkout / "experiments/test_broken.py"
    broken.write_text("def test_broken():\n    raise OSError('no such luck')\n")
    before = set((checkout / "results").glob("2*.json"))
    chosen = "broken or (test_race and [libc.usleep-)"
    try:
        with _bench(checkout, "-v", "-k", chosen) as child:
            out, err = child.communicate(timeout=300)
    finally:
        broken.unlink()
    return (
        child.returncode,
        out,
        err,
        set((checkout / "results").glob("2*.json")) - before,
    )


@pytest.mark.slow
def test_one_thread_rows_on_request(failing: tuple[int, str, str, set[Path]]) -> None:
    _, out, err, _ = failing
    rows = [line for line in out.splitlines() if line.startswith("libc.usleep ")]
    assert len(rows) >= 4, out + err


@pytest.mark.slow
def test_an_experiment_that_fails(failing: tuple[int, str, str, set[Path]]) -> None:
    """It is named in the last line; what the others measured is kept and judged."""
    code, out, err, (kept,) = failing
    assert code == 1
    told = "ailed: test_broken: OSError: no such luck: at experiments/test_broken.py:2"
    assert out.splitlines()[-1] == f"F{told}"
    assert out.count("no such luck") < 6  # one process tells it, not all six
    assert "Traceback" not in err
    assert {race.threads for race in load(kept).races} == {1, 8}
    assert len(load(kept).races) == 4


LIE = """
from lab.records.series import Series

def test_lie(record):
    record(lambda: [Series("lie", "it", "at most 1", "x", (2.0,), at_most=1.0)])
"""


@pytest.mark.slow
def test_a_contradiction_is_the_last_line(checkout: Path) -> None:
    lie = checkout / "experiments/test_lie.py"
    lie.write_text(LIE)
    try:
        with _bench(checkout, "-k", "test_lie") as child:
            out, err = child.communicate(timeout=300)
    finally:
        lie.unlink()
    assert child.returncode == 1, out + err
    assert out.splitlines()[-1] == "Contradicted: lie, it: claimed at most 1"


@pytest.mark.slow
def test_what_measures_nothing(checkout: Path) -> None:
    before = set((checkout / "results").glob("*"))
    for arguments, code, told in (
        (["--collect-only", "-k", "usleep"], 0, "test_race[libc.usleep-held-8]"),
        (["-k", "nothing_like_it"], 2, "no experiment matches"),
        (["--no-such-option"], 2, "pytest does not understand"),
    ):
        with _bench(checkout, *arguments) as child:
            out, err = child.communicate(timeout=300)
        assert child.returncode == code, out + err
        assert told in out + err
        assert "Traceback" not in err
    assert set((checkout / "results").glob("*")) == before


def test_a_contradicted_claim_exits_1(checkout: Path, tmp_path: Path) -> None:
    """A held twin that says it is released: the lab must not believe it."""
    record = Path(__file__).parents[1] / "data" / "held.json"
    content = json.loads(record.read_text())
    for benchmark in content["benchmarks"]:
        benchmark["extra_info"][KEY][0]["claim"] = "threads help"
    lie = tmp_path / "lie.json"
    lie.write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "-m", "lab", "report", "--check", str(lie)],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "!! " in done.stdout
    assert "contradicted" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_a_thread_holds_the_gil(
    checkout: Path, number: signal.Signals
) -> None:
    before = set((checkout / "results").glob("*"))
    # So many that nobody would wait for them all.
    with _bench(checkout, "-k", "[libc.sleep-held", THREADS="60") as child:
        assert child.stderr is not None
        _started(child)
        time.sleep(1.5)  # deep in sleep(1), one thread after another
        family = psutil.Process(child.pid).children(recursive=True)
        assert family
        child.send_signal(number)
        child.wait(timeout=120)
        err = child.stderr.read()
    assert child.returncode == 128 + number
    assert err.endswith("ed, nothing kept\n")
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert set((checkout / "results").glob("*")) == before


@pytest.mark.slow
def test_interrupted_in_held_reads_of_fifos(checkout: Path, tmp_path: Path) -> None:
    """Killed while a thread holds the GIL, it cannot tidy up itself."""
    chosen = "test_files and fifo.libc.read-held"
    with _bench(checkout, "-k", chosen, THREADS="256", TMPDIR=str(tmp_path)) as child:
        end = time.monotonic() + 60
        while not list(tmp_path.rglob("200")) and time.monotonic() < end:
            time.sleep(0.02)
        assert list(tmp_path.rglob("200")), "no FIFO was made"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=120)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_interrupted_with_a_peer(checkout: Path) -> None:
    chosen = "test_race and ([read-held or [libc.read-held)"
    with _bench(checkout, "-k", chosen, THREADS="64") as child:
        _started(child)
        time.sleep(1)
        family = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=120)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
