"""Kernels of the user's own: compiled, compared, probed, raced, judged; and what goes
wrong with them, told in a line each."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.commands.new import TEMPLATE
from lab.commands.own import Raced, Wanted, bench_own, race_own, watch
from lab.errors import UsageError
from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled
from lab.records.statistics import Ends

FAULTY = """
import ctypes
import os


def crash_held():
    ctypes.string_at(0)


def leave_held():
    os._exit(0)


def exits_held():
    exit(3)


def raises_held():
    raise ValueError("no such number")


def wrong_held(n):
    return sum(range(n))


def wrong_released(n):
    return sum(range(n)) + 1


def unknown_held(a, b):
    pass


def bad_args():
    return [1]


def bad_held(x):
    pass


def worse_args():
    return 1 / 0


def worse_held(x):
    pass


def helper(a, b):
    pass


def endless_held():
    while True:
        pass


def lone(n):
    return sum(range(n))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With primes.pyx as `new` writes it, and a lone function and a wrong twin more."""
    made = tmp_path_factory.mktemp("own") / "a b é"
    made.mkdir()
    source = TEMPLATE.format(name="primes")
    source += "\n\ndef wrong_held(long n):\n    return n\n"
    source += "\n\ndef wrong_released(long n):\n    return n + 1\n"
    (made / "primes.pyx").write_text(source, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def raced(folder: Path) -> Raced:
    """The file in two processes."""
    return race_own(Wanted((str(folder / "primes.pyx"),), processes=2))


@pytest.mark.slow
def test_a_file_is_compiled_compared_probed_raced_and_judged(raced: Raced) -> None:
    assert raced.it is not None
    found = {
        (one.race.kernel, one.race.twin): one
        for one in raced.it.findings
        if one.race.kernel == "primes"
    }
    twins = ("held", "released", "interpreter")
    assert [*found] == [("primes", twin) for twin in twins]
    held, released, interpreter = found.values()
    assert (held.race.via, interpreter.race.via) == ("Cython", "Python")
    # The pilot chose, and twins that are called alike do the same work.
    assert held.race.size == released.race.size
    assert interpreter.race.size
    assert {turn.process for turn in held.race.rounds} == {0, 1}
    assert held.speedup is not None
    assert held.speedup.kind is Ends.RANGE  # of fewer than six processes
    if unavailable() is None and gil_enabled():
        assert held.free is None or held.free.median < 0.1
        assert released.free is None or released.free.median > 0.9
    (failure,) = raced.failures
    assert re.fullmatch(
        r"failed: wrong released: the twins disagree: "
        r"for \(\d+\) wrong_released returned (\d+), wrong_held (\d+)",
        failure,
    )


@pytest.mark.slow
def test_faults_are_told_one_by_one_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    wanted = Wanted((str(tmp_path / "faulty.py"),), limit_s=2, processes=1)
    assert bench_own(wanted) == 1
    out = " ".join(capsys.readouterr().out.split())
    for told in (
        "failed: crash held: crashed (SIGSEGV): at ",
        "failed: leave held: ended the whole process, with status 0",
        "failed: exits held: it called exit(3): at ",
        "failed: raises held: ValueError: no such number: at ",
        "failed: wrong released: the twins disagree: for (",
        "failed: unknown: no arguments for (a, b): unknown_args() must return a tuple",
        "failed: bad: bad_args() returned list, expected a tuple, as in: return",
        "failed: worse: worse_args() raised ZeroDivisionError: ",
        "failed: endless held: no return within 2 s: at ",
        "left out, as their arguments are unknown: helper(a, b); ",
    ):
        assert told in out
    assert "lone: " in out  # its probe
    assert "lone alone" in out  # its race
    assert "Traceback" not in out


@pytest.mark.slow
def test_each_file_has_processes_of_its_own(tmp_path: Path) -> None:
    sources = {
        "syntax.py": "def f(:",
        "missing.py": "import no_such_module",
        "leaving.py": "exit()",
        "endless.py": "while True: pass",
        "mixed.pyx": "def a_interpreter(n):\n    cdef int x = n\n    return x\n",
        "good.py": "def f(n): return sum(range(n))",
    }
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    targets = tuple(str(tmp_path / name) for name in sources)
    raced = race_own(Wanted(targets, limit_s=2, processes=1))
    for failure, told in zip(
        raced.failures,
        (
            r"failed: syntax.py: SyntaxError: .*: at .*syntax.py:1",
            r"failed: missing.py: ModuleNotFoundError: No module .*: at .*missing.py:1",
            r"failed: leaving.py: it called exit\(\): at .*leaving.py:1",
            r"failed: endless.py: no return within 2 s: at .*endless.py:1 in <module>",
            r"failed: mixed.pyx: SyntaxError: a_interpreter is to be plain Py.*:2",
        ),
        strict=True,
    ):
        assert re.fullmatch(told, failure), failure
    assert raced.it is not None
    assert [one.race.kernel for one in raced.it.findings] == ["good.f"]


@pytest.mark.slow
def test_the_compilers_own_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = TEMPLATE.format(name="bad").replace("= _bad(n)", "= _bat(n)", 1)
    (folder / "bad.pyx").write_text(source, encoding="utf-8")
    (folder / "c.pyx").write_text('cdef extern from "nowhere.h":\n    int f(int n)\n')
    for name, words in (("bad", "bad.pyx:24:12: undeclared"), ("c", "nowhere.h")):
        assert bench_own(Wanted((str(folder / f"{name}.pyx"),))) == 1
        out = capsys.readouterr().out
        assert words in out
        assert "^" in out  # the caret
        assert out.rstrip().endswith(f"{name}.pyx: it does not compile: see above")
        assert "Traceback" not in out


@pytest.mark.slow
def test_a_pair_of_functions_and_a_cache_that_cannot_be_written(
    raced: Raced, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = ("zlib.crc32", "zlib.crc32")
    found = race_own(Wanted((), pair, "bytes(10**6)", processes=1))
    assert found.it is not None
    assert [one.race.twin for one in found.it.findings] == ["held", "released"]
    assert not found.failures
    told = race_own(Wanted((), pair, None, processes=1)).failures
    assert told == ["failed: crc32: no arguments for (data): --args 'A, B' tells them"]
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/x")
    found = race_own(Wanted((str(folder / "primes.pyx"),), processes=1))
    assert any("compiled for this run only" in note for note in found.notes)
    assert found.it is not None


@pytest.mark.slow
def test_watching(raced: Raced, folder: Path) -> None:
    """A table, another after a save, and an interrupt ends it cleanly."""
    path = folder / "lone.py"
    path.write_text("def one(n):\n    return sum(range(n))\n")
    child = subprocess.Popen(
        [sys.executable, "-m", "lab", "bench", "--watch", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    names = []
    for line in child.stdout:
        names += re.findall(r"^(\w+) alone", line)
        if "Ctrl-C to leave" in line and len(names) == 2:
            break
        if "Ctrl-C to leave" in line:
            path.write_text("def another(n):\n    return sum(range(n))\n")
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=60)[1].count("gil-lab:") == 0
    assert child.returncode == 0
    assert names == ["one", "another"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (((),), "name a file"),
        ((("nowhere.pyx",),), "nowhere.pyx: no such file: python -m lab new nowhere"),
        ((("a-b/c",),), "a-b/c: expected a .pyx, a .py or a module's name"),
        ((("zlib",), ("a.b", "a.c")), "--pair names two functions: no file"),
        ((("zlib",), (), "1"), "--args belongs to --pair"),
    ],
)
def test_usage(wanted: tuple[tuple[str, ...], ...], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        Wanted(*wanted)  # type: ignore[arg-type]


def test_what_compiling_needs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(UsageError, match="no C compiler"):
        Wanted((str(folder / "primes.pyx"),))


def test_a_module_is_not_watched() -> None:
    with pytest.raises(UsageError, match="--watch: name files"):
        watch(Wanted(("zlib",)))
