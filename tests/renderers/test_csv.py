"""A report as CSV: a line for each, and no formula."""

import csv
import io
from dataclasses import replace

from lab.renderers import csv as csv_renderer
from lab.verdicts.run import Judged, judged


def test_csv_has_a_line_for_each(whole: Judged, free: Judged) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_renderer.render([whole, free]))))
    count = sum(len(it.findings) + len(it.series) for it in (whole, free))
    assert len(rows) == count
    assert {row["run"] for row in rows} == {"whole", "free"}
    races = [row for row in rows if row["kind"] == "race" and row["threads"] != "1"]
    assert all(float(row["speedup"]) > 0 for row in races)
    assert all(row["measured"] == "" for row in races)
    assert not any(None in row for row in rows)  # no line longer than the head


def test_csv_starts_no_formula(whole: Judged) -> None:
    race = replace(whole.run.races[0], kernel="=1+1")
    text = csv_renderer.render([judged(replace(whole.run, races=(race,)), "evil")])
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["kernel"] == "'=1+1"
