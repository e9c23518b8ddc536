"""Where text goes, and where it is lost without a traceback."""

import io
import os
from pathlib import Path

import pytest
from rich.text import Text

from lab.renderers.console import WIDEST, Lasting, console, plus_minus, table, text_of


@pytest.mark.parametrize(
    ("columns", "width"), [("", WIDEST), ("60", 60), ("400", WIDEST), ("-5", WIDEST)]
)
def test_a_pipe_is_as_wide_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert console(io.StringIO()).width == width


def test_text_is_shown_as_it_is() -> None:
    out = io.StringIO()
    target = console(out)
    target.print("[bold] :smile: 12")
    assert out.getvalue() == "[bold] :smile: 12\n"
    assert plus_minus(target) == "+-"


def test_a_table_folds_in_so_many_columns() -> None:
    made = table("a", "b")
    made.add_row("x" * 30, "y" * 30)
    text = text_of([made, Text("end  ")], 20, colour=False)
    assert max(map(len, text.splitlines())) <= 20
    assert text.count("x") == text.count("y") == 30
    assert text.endswith("end\n")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_where_colours_are_not_wanted_there_are_none(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = text_of([Text("█ wörk", "red")], 20, colour=True)
    assert "█ wörk" in text
    assert ("\x1b" in text) == coloured


def test_what_nobody_reads_is_lost_and_says_why(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", encoding="utf-8") as stream:
        out = Lasting(stream)
        assert out.write("told") == 4
        out.flush()
        assert out.gone == "Broken pipe"
        out.write("more")
        out.flush()
    kept = tmp_path / "kept"
    with kept.open("w") as stream:
        out = Lasting(stream)
        out.write("told")
        out.flush()
        assert out.gone == ""
    assert kept.read_text() == "told"
