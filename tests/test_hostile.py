"""Names that would do something wherever they are shown do nothing there."""

import csv
import html
import io
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from markdown_it import MarkdownIt  # rich has it

from lab.records.harmless import harmless
from lab.records.lines import Line, StackNode
from lab.records.results import KEY, load
from lab.records.run import Run
from lab.renderers import benchmark_table
from lab.verdicts.run import Judged, judged
from tests.every_renderer import RUNS, SLOW, TRACES

WHOLE = Path(__file__).parent / "data/whole.json"
# Sets the title, clears the screen, by C0 and C1; a line of its own; writes backwards;
# what rich, Markdown, HTML, a spreadsheet and a shell would take for theirs.
EVIL = (
    "=cmd|' /C calc'!A0;=1+1 \x1b]0;title\x07\x1b[2J\x9b2J\r\n# head\n- x\u202e\u2028 "
    "[bold red]x[/bold red] :smile: [/] | a `b` **c** <img src=x onerror=alert(1)> "
    "<script>alert(1)</script> [l](http://x.y) https://x.y www.x.y @me '; rm -r x; '"
)
QUICK = [name for name in (*RUNS, *TRACES) if name not in SLOW]
STATS = ("min", "max", "mean", "stddev", "median", "iqr", "ops")
FEW = {"rounds": 5, "iterations": 1, "outliers": "0;0"}
T = TypeVar("T")


def _evil(record: T, **changes: Any) -> T:
    """The record with all of its texts hostile, those that are not left out."""
    texts = {
        field.name: EVIL
        for field in fields(record)  # type: ignore[arg-type]  # it is a dataclass
        if type(getattr(record, field.name)) is str
    }
    return replace(record, **(texts | changes))  # type: ignore[type-var]  # as above


@pytest.fixture(scope="module")
def it() -> Judged:
    """A run with races, figures and a trace, whose every text is hostile. Two keep the
    names of theirs that charts are made of."""
    run = load(WHOLE)
    line = run.timelines[0]
    names = {"experiment": "break-even"}
    run = Run(
        _evil(run.machine),
        tuple(_evil(race, experiment="kernels") for race in run.races),
        tuple(
            _evil(one, at=EVIL if isinstance(one.at, str) else one.at, unit="", **names)
            for one in run.series
        ),
        (
            _evil(
                line,
                calls=tuple(map(_evil, line.calls)),
                trace=_evil(
                    line.trace,
                    threads=tuple(map(_evil, line.trace.threads)),
                    has_lines=True,
                    lines=(_evil(Line("", 1, "", held=line.trace.held)),),
                    stacks=(StackNode(None, 0, 0, line.trace.held, 0.0),),
                ),
            ),
        ),
        *(EVIL, EVIL, EVIL, EVIL),
    )
    return judged(run, EVIL)


def _shown(name: str, it: Judged) -> str:
    if name in RUNS:
        return RUNS[name]([it])
    return TRACES[name](it.run.timelines[0].trace)


@pytest.mark.parametrize("name", QUICK)
def test_names_do_nothing_where_they_are_shown(name: str, it: Judged) -> None:
    _check(name, it)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_names_do_nothing_where_they_are_drawn(
    name: str, it: Judged, drawing: None
) -> None:
    _check(name, it)


def _check(name: str, it: Judged) -> None:
    text = _shown(name, it)
    if "colour" in name:  # these are its own
        text = re.sub(r"\x1b\[[\d;]*m", "", text)
    if name == "html":  # Vega's scripts have characters of their own
        text = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "title" in text
    check = {
        "html": _html_is_text,
        "notebook": _html_is_text,
        "markdown": _markdown_is_text,
        "csv": _no_formula,
        "json": _same_json,
        "chrome": _same_json,
        "speedscope": _same_json,
    }
    check.get(name, _markup_is_text)(text)


def _markup_is_text(text: str) -> None:
    """No [bold red] is taken for a colour; a strip has room for a name's beginning."""
    joined = re.sub(r"\s+", "", text)
    whole = r"\u2028[boldred]x[/boldred]:smile:[/]|a`b`**c**<img"
    assert whole in joined or ("holds the GIL" in text and r"\x1b]0;ti" in joined)


def _html_is_text(text: str) -> None:
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert "<img src=x onerror" in html.unescape(text)


def _markdown_is_text(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [one for token in tokens for one in token.children or ()]
    kinds = {one.type for one in inline}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}
    assert not re.search(r"(?<!\\)://|www\.", text)
    assert {token.tag for token in tokens if token.type == "heading_open"} == {
        "h2",
        "h3",
    }
    assert not any(token.type.startswith("html") for token in tokens)


def _no_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text)))
    assert len({len(row) for row in rows}) == 1
    cells = [cell for row in rows for cell in row if not _is_number(cell)]
    assert not any(
        part.lstrip().startswith(("=", "+", "-", "@"))
        for cell in cells
        for part in cell.split(";")
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _same_json(text: str) -> None:
    assert harmless(EVIL) in json.dumps(json.loads(text), ensure_ascii=False).replace(
        r"\\", "\\"
    )


def test_the_table_of_timings() -> None:
    content = {
        "benchmarks": [
            {
                "stats": dict.fromkeys(STATS, 1.0) | FEW,
                "extra_info": {
                    KEY: [{"kind": "race", "kernel": EVIL, "twin": "", "threads": 2}]
                },
            }
        ]
    }
    text = benchmark_table.table(content, 80)
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) < 10


def test_no_advice_runs_what_a_name_says(it: Judged) -> None:
    """The advice for races on a busy machine is a command to be copied."""
    (race, *_) = (
        one for one in it.run.races if one.bound == "compute" and one.threads > 1
    )
    slow = tuple(
        replace(turn, reference=turn.reference._replace(cpu_ns=0))
        for turn in race.rounds
    )
    races = (replace(race, rounds=slow),)
    text = RUNS["one look"]([judged(replace(it.run, races=races, series=()), "busy")])
    assert "make bench ARGS='-k" in text
    advice = text.partition("make bench ARGS=")[2].partition("\n")[0]
    assert re.fullmatch(r"'-k \w+'", advice)
