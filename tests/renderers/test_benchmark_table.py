"""pytest-benchmark's table of the kernels, in whatever width."""

import json
from typing import Any

from lab.renderers import benchmark_table
from lab.verdicts.run import Judged
from tests.printed import WHOLE


def test_timings_are_those_of_the_kernels_in_the_most_threads(
    whole: Judged, content: dict[str, Any]
) -> None:
    lines = benchmark_table.table(content, 100).splitlines()
    names = [line[:30].rsplit("  ", 1)[0].strip() for line in lines[3:-1]]
    expected = [
        f"{one.race.kernel} {one.race.twin}"
        for one in whole.findings
        if one.race.threads > 1 and one.race.experiment == "kernels"
    ]
    assert [name.split("   ")[0] for name in names] == expected
    assert lines[1].split()[-4:] == ["Min", "Median", "Max", "Rounds"]


def test_timings_that_do_not_fit_say_so(content: dict[str, Any]) -> None:
    text = benchmark_table.table(content, 80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.endswith("(no room for max)\n")
    assert benchmark_table.table(json.loads(WHOLE.read_text()), 80) == ""  # none there
