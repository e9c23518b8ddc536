"""%%gil_race in a real kernel: the bench's table, and a timeline a twin."""

from pathlib import Path

import pytest

from lab.commands.new import TEMPLATE
from lab.instruments.scope import unavailable
from tests.jupyter import Html, cells, run

pytest.importorskip("ipykernel", reason="no notebooks: ipykernel is not installed")
pytest.importorskip("nbclient", reason="no notebooks: nbclient is not installed")
pytest.importorskip("Cython", reason="no compiler of .pyx")

PAIR = TEMPLATE.format(name="primes").partition("# The same in Python")[0]


@pytest.mark.slow
def test_a_cell(tmp_path: Path) -> None:
    _, raced, wrong, usage = run(
        cells(
            "%load_ext lab",
            f"%%gil_race\n{PAIR}",
            "%%gil_race\ndef a_held(int n):\n    return m\n",
            "%%gil_race x\npass",
        ),
        tmp_path,
    )
    (plain,), (html,) = raced.plain, raced.html
    shown = Html(html)
    for text in (plain, shown.text):
        assert "do threads" in text
        assert "\nprimes " in text
        assert "The finding: " in text
    if unavailable() is None:
        alternatives = [image["alt"] or "" for image in shown.images]
        assert ["held" in text for text in alternatives] == [True, False]
        assert all("two threads, the same calls" in text for text in alternatives)
    (told,) = wrong.plain
    assert "cell.pyx:2:11: undeclared name not builtin: m" in told
    assert told.endswith("cell.pyx: it does not compile: see above")
    assert usage.stderr.startswith("UsageError: %%gil_race takes no arguments")
