"""The table of lines that held the GIL."""

import dataclasses
from pathlib import Path

import pytest

from lab.records.lines import Line
from lab.records.trace import Trace
from lab.renderers import lines_table
from lab.renderers.console import text_of


def _shown(trace: Trace, width: int = 80, colour: bool = False) -> list[str]:
    return text_of(lines_table.render(trace, colour), width, colour=colour).splitlines()


def test_lines_stand_with_their_figures_and_source(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.py").write_text("\n" * 30 + "\tnaïve = json.loads(text)\n")
    monkeypatch.chdir(tmp_path)
    first = dataclasses.replace(trace.lines[0], file=str(tmp_path / "report.py"))
    told = dataclasses.replace(trace, lines=(first, *trace.lines[1:]), told_apart=True)
    text = _shown(told)
    row = next(place for place, line in enumerate(text) if "report.py:31" in line)
    figures = "  50.0%  1000.0 ms   500.0 ms  "
    assert text[row] == f"{figures}report.py:31 Report.total calls json.loads"
    assert text[row + 1].strip() == r"na\xefve = json.loads(text)"
    assert "/src/main.py:7 main" in text[row + 2]
    assert (
        text[-1]
        == "12.5% of the holding could not be read: the stack changed meanwhile"
    )


def test_where_the_system_tells_no_waits_none_are_shown(trace: Trace) -> None:
    assert not any("500.0 ms" in line for line in _shown(trace))


def test_more_than_ten_lines_are_summed(trace: Trace) -> None:
    lines = tuple(Line("a.py", n, "f", held=0.02) for n in range(1, 21))
    text = _shown(dataclasses.replace(trace, lines=lines, lines_unread=0.0))
    assert sum(" a.py:" in line for line in text) == 10
    assert text[-1] == "40.0% of the holding was held by other lines"


def test_no_line_no_table(trace: Trace) -> None:
    assert not any(_shown(dataclasses.replace(trace, lines=(), stacks=())))


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(60, ""), (50, "others wanted it"), (40, "others wanted it, longest hold")],
)
def test_places_keep_room_where_it_is_narrow(
    trace: Trace, width: int, left_out: str
) -> None:
    text = _shown(dataclasses.replace(trace, lines_unread=0.0), width)
    assert any("  /src/main.py:7 main" in line for line in text)
    assert any(line.startswith("  37.5%  ") for line in text)
    told = " ".join(text).partition("no room for: ")[2]
    assert told == left_out


@pytest.mark.parametrize("width", [40, 63, 80])
@pytest.mark.parametrize("colour", [False, True])
def test_nothing_is_cut(trace: Trace, width: int, colour: bool) -> None:
    name = "".join(f"{number:03}" for number in range(100))
    long = Line(f"/{name}.py", 3, f"f{name}", f"g{name}", 0.5, 1.0)
    told = dataclasses.replace(trace, lines=(long,), lines_unread=0.0)
    text = "".join(line.strip() for line in _shown(told, width, colour))
    if not colour:
        for part in (long.file, long.function, long.callee):
            assert part in text.replace(" ", "")
    assert max(map(len, _shown(told, width))) <= width
