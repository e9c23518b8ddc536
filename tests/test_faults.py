"""The table of faults names tests that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent


def test_every_row_names_a_test_that_is_there() -> None:
    text = (TESTS / "FAULTS.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert rows
    for row in rows:
        tried, happens, names = (cell.strip() for cell in row.strip("|").split(" | "))
        assert tried
        assert happens
        for name in names.split(", "):
            file, _, test = name.partition("::")
            assert re.search(rf"def {test or 'test_'}", (TESTS / file).read_text()), row
