"""The atlas as a table."""

import io
import math
from dataclasses import replace

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.records.probe import Probe
from lab.renderers.atlas import draw
from lab.renderers.console import console
from lab.verdicts.atlas import Row

FOUND = Probe("held", 0.02, 0.01, 1.02, 0.1, False, 900, 3, 0.01, "scope")
HOLDS = Entry("sum(data)", "data = list(range(20_000))", "held", "a.c f")
SLEEPS = Entry("time.sleep(0.02)", "import time", "released", "b.c g")
LACKING = Entry("nothing.f()", "import no_such_module", "held", "c.c h")


def test_the_table_is_narrow_and_plain() -> None:
    file = io.StringIO()
    rows = [Row(entry, FOUND) for entry in ENTRIES]
    rows.append(Row(SLEEPS, replace(FOUND, verdict="held")))
    rows.append(Row(SLEEPS, replace(FOUND, gil_free=1.0)))
    rows.append(Row(HOLDS, replace(FOUND, ceiling=math.inf)))
    rows.append(Row(LACKING, None, "not here: why"))
    draw(rows, console(file, width=100))
    text = file.getvalue()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert "0.020 (0.010 to 0.030)" in text
    assert "1.00 (0.99 to 1.00)" in text
    assert "1.02x ok held" in text
    assert "!! held" in text
    assert "none ok held" in text
    assert "?? missing" in text
    assert "?? nothing.f(): not here: why" in text
