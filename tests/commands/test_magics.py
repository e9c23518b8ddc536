"""%gil and %%gil in a real kernel, and what they show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled
from tests import command_line
from tests.jupyter import Html, Ran, cells, run

pytest.importorskip("ipykernel", reason="no notebooks: ipykernel is not installed")
pytest.importorskip("nbclient", reason="no notebooks: nbclient is not installed")

pytestmark = pytest.mark.slow  # a kernel starts
needs_scope = pytest.mark.skipif(
    unavailable() is not None, reason=f"no scope: {unavailable()}"
)
START = """%load_ext lab
import os, threading, time, zlib
data = os.urandom(10**6)
def fail(): return 1 / 0"""


MISTAKES = {
    "%gil": "%gil EXPR: a call, such as %gil zlib.crc32(data)",
    "%gil zlib.compress(": "EXPR: '(' was never closed: 'zlib.compress('",
    "%gil nothing(1)": "EXPR: NameError: name 'nothing' is not defined",
    "%%gil a b\npass": "%%gil NAME: 'a b' is no name for a variable",
    "%%gil\nimport asyncio\nawait asyncio.sleep(0)": "%%gil: a cell that awaits cannot "
    "run inside another here",
}

# By the test that looks at them; in this order, in one kernel.
CELLS = {
    "names": (
        "%gil zlib.compress(data)",
        "result = %gil len(data)\nresult.probe.verdict, result.expression",
        "def f(x):\n    return get_ipython().run_line_magic('gil', 'len(x)')\n"
        "f('ab').probe.verdict",
        "x = 'y'\nresult = %gil len('{x}')\nresult.expression",
    ),
    "held": ("x = [1] * 10**6\n%gil x.count(2)",),
    "mistakes": tuple(MISTAKES),
    "raising": ("%gil fail()", "%gil int('x')", "%%gil\nprint(1)\nfail()"),
    "scope": (
        "%%gil trace\n"
        "threads = [threading.Thread(target=time.sleep, args=(0.05,), name=name)\n"
        "           for name in ('<b>a</b> & \"b\"', 'beta')]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "print('printed')\nlen(threads)",
        "_",
        "print(trace.samples > 0, len(trace.threads) > 3)",
    ),
    "nested": (
        "import lab\nwith lab.Scope():\n    %gil len(data)",
        "with lab.Scope():\n    get_ipython().run_cell_magic('gil', '', 'print(1)')",
    ),
    "unloaded": (
        "%reload_ext lab\nresult = %gil len(data)\nprint(result.probe.calls > 0)",
        "%unload_ext lab\n%gil len(data)",
    ),
}
KNOCKING = (
    "import lab.commands.magics, lab.instruments.probe\n"
    "class Scope(lab.Scope):\n"
    "    def __enter__(self): raise lab.ScopeUnavailable('not on this moon')\n"
    "lab.commands.magics.Scope = Scope\n"
    "lab.instruments.probe.unavailable = lambda: 'not on this moon'",
    "%%gil\nprint(1)\n2",
    "%gil len(data)",
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ran]]:
    """What CELLS did. A kernel takes longer to start than most of them to run."""
    sources = [source for each in CELLS.values() for source in each]
    rest = iter(_ran(tmp_path_factory.mktemp("home"), *sources))
    return {name: [next(rest) for _ in each] for name, each in CELLS.items()}


def _ran(home: Path, *sources: str) -> list[Ran]:
    """What these cells did, after START."""
    first, *others = run(cells(START, *sources), home)
    assert (first.errors, first.stderr) == ([], "")
    return others


def _is_plain(text: str) -> bool:
    return text.isascii() and max(map(len, text.splitlines())) <= 80


def _uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_a_probe_in_the_notebooks_own_names(ran: dict[str, list[Ran]]) -> None:
    released, kept, local, braces = ran["names"]
    (plain,), (html,) = released.plain, released.html
    assert plain.startswith(("released", "inconclusive", "no-gil"))
    assert _is_plain(plain)
    shown = Html(html)
    assert plain.splitlines()[0] in shown.text
    if unavailable() is None:
        assert "MainThread" in plain
        assert "= runs free" in plain
        assert len(shown.images) == 1
        assert "MainThread: holds the GIL" in (shown.images[0]["alt"] or "")
    verdicts = ("held", "inconclusive") if gil_enabled() else ("no-gil",)
    assert kept.plain in [[f"('{verdict}', 'len(data)')"] for verdict in verdicts]
    assert local.plain in [[f"'{verdict}'"] for verdict in verdicts]
    assert braces.plain == ["\"len('{x}')\""]


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")
def test_a_held_call_holds_in_its_strip(ran: dict[str, list[Ran]]) -> None:
    (held,) = ran["held"]
    (plain,) = held.plain
    assert plain.startswith("held: ")
    if unavailable() is None:
        strip = next(line for line in plain.splitlines() if line.startswith("Main"))
        assert strip.count("#") > strip.count("=") + strip.count(".")


def test_a_mistake_is_one_line(ran: dict[str, list[Ran]]) -> None:
    for made in ran["mistakes"]:
        assert made.stderr == f"UsageError: {MISTAKES[made.source]}\n"
        assert (made.stdout, made.plain, made.errors) == ("", [], [])


def test_what_the_code_raises_shows_no_frame_of_the_lab(
    ran: dict[str, list[Ran]],
) -> None:
    probed, native, celled = ran["raising"]
    ((name, text),) = probed.errors
    assert name == "ZeroDivisionError"
    assert "in fail" in _uncoloured(text)
    assert "observation.py" not in text
    assert "probe.py" not in text
    ((name, text),) = native.errors
    assert name == "ValueError"
    assert "probing.py" not in text
    (first, text), (last, line) = celled.errors
    assert first == "ZeroDivisionError"
    assert "magics.py" not in text
    assert last == "CellError"
    assert line == "ZeroDivisionError in the cell under %%gil, as shown above"
    assert celled.stdout == "1\n"


@needs_scope
def test_a_cell_under_the_scope(ran: dict[str, list[Ran]]) -> None:
    shown, value, kept = ran["scope"]
    assert (shown.stdout, shown.stderr, shown.errors) == ("printed\n", "", [])
    number, plain = shown.plain
    assert number == value.plain[0] == "2"
    assert kept.stdout == "True True\n"
    assert _is_plain(plain)
    for name in ("MainThread", '<b>a</b> & "b"', "beta"):
        # Once in the table, once with its strip.
        assert sum(line.startswith(name) for line in plain.splitlines()) == 2
    assert "Heartbeat" not in plain
    assert re.search("not shown: [0-9]+ older threads, busy for less than", plain)
    html = Html(shown.html[1])
    assert plain.splitlines()[0] in html.text  # that of the scope
    assert '<b>a</b> & "b": holds the GIL' in (html.images[0]["alt"] or "")
    assert plain.splitlines()[-1] in html.text


@needs_scope
def test_scopes_do_not_nest(ran: dict[str, list[Ran]]) -> None:
    inside, outside = ran["nested"]
    told = "a scope is running already: scopes do not nest\n"
    assert inside.stderr == f"UsageError: %gil: {told}"
    assert outside.stderr == f"gil-lab: no scope: {told}"
    assert (outside.stdout, outside.errors) == ("1\n", [])


def test_without_a_scope_the_cell_runs_and_the_probe_knocks(tmp_path: Path) -> None:
    setup, celled, probed = _ran(tmp_path, *KNOCKING)
    assert setup.errors == []
    assert celled.stderr == "gil-lab: no scope: not on this moon\n"
    assert (celled.stdout, celled.plain, celled.errors) == ("1\n", ["2"], [])
    assert probed.errors == []
    if gil_enabled():
        assert "  no scope      not on this moon" in probed.plain[0]
    assert "<img" not in probed.html[0]


def test_loaded_again_and_unloaded(ran: dict[str, list[Ran]]) -> None:
    again, unloaded = ran["unloaded"]
    assert again.stdout == "True\n"
    assert unloaded.stderr == "UsageError: Line magic function `%gil` not found.\n"


CALL = "%gil len('abc')"


def test_a_terminal_shows_text_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "IPython", "--colors=nocolor", "--ext=lab"),
            *("-c", CALL),
        ],
        env={**os.environ, "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("^(held|inconclusive|no-gil): ", done.stdout, re.MULTILINE)
    assert "<" not in done.stdout


def test_the_magics_need_ipython_only_when_loaded() -> None:
    done = command_line.run(
        "-c", "import lab.commands.magics, sys; print('IPython' in sys.modules)"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
