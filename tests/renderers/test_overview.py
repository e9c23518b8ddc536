"""The run at one look: two screens on which nothing is missing without a word."""

import io
from dataclasses import replace
from typing import Any

import pytest

from lab.renderers.console import console
from lab.verdicts.finding import Judgement, Verdict
from lab.verdicts.run import Judged, experiments, kernels
from tests.printed import WHOLE, printed
from tests.terminal import Terminal


def test_two_screens(whole: Judged, content: dict[str, Any]) -> None:
    lines = printed(whole, 100, content)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 100
    # As many more as the whole bench has twins and experiments more than the record.
    assert len(lines) + (32 - rows(text)) + (13 - len(experiments(whole))) <= 80
    assert text.isascii()
    places = [
        text.index(part)
        for part in (
            "gil-lab: ",
            "benchmark '",
            "kernel  ",
            "experiment  ",
            "The myth:",
        )
    ]
    assert places == sorted(places)
    assert lines[-1].startswith("Next: make report")


def rows(text: str) -> int:
    _, _, rows, *_ = text.partition("Name (time in")[2].split("---\n")
    return len(rows.splitlines()) - 1


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_nothing_is_left_out_in_silence(whole: Judged, width: int) -> None:
    lines = printed(whole, width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for what in ("call by", "ceil", "bars"):
        heading = "####" if what == "bars" else what
        shown = any(heading in line for line in lines if not line.startswith("ceil."))
        assert shown or f"No room for: {what}" in text or f", {what}" in text
    for kernel in kernels(whole):
        assert kernel[: 5 if width < 80 else None] in text
    for one in experiments(whole):
        assert one.name[:5] in text


def test_one_reason_is_one_line(whole: Judged) -> None:
    busy = [
        replace(
            one,
            verdict=Verdict.INCONCLUSIVE,
            judgement=Judgement.INCONCLUSIVE,
            reason=f"machine busy: {place % 4} of 5 rounds usable",
        )
        for place, one in enumerate(whole.findings)
        if one.race.bound == "compute" and one.race.threads > 1
    ]
    text = " ".join("\n".join(printed(replace(whole, findings=tuple(busy)))).split())
    assert text.count("machine busy, ") == 1
    assert f"machine busy, {len(busy)} races of mandelbrot, collatz, mixed open" in text
    assert "ARGS='-k \"mandelbrot or collatz or mixed\"'" in text
    more = [replace(one, race=replace(one.race, kernel="more")) for one in busy]
    it = replace(whole, findings=(*busy, *more))
    assert "make bench ARGS='-k compute'" in " ".join(printed(it)).replace("  ", " ")


SHOW = f"""
import json, pathlib
from lab.renderers import terminal
from lab.renderers.console import console
from lab.records.results import load
from lab.verdicts.run import judged
path = pathlib.Path({str(WHOLE)!r})
terminal.show([judged(load(path), "whole")], console())
"""


@pytest.mark.parametrize("columns", [80, 100])
def test_on_a_terminal(columns: int) -> None:
    with Terminal(SHOW, rows=70, columns=columns) as shown:
        assert shown.end() == 0
        text, raw = shown.text, shown.raw
    assert "1.97 ███▉ 100" in text or "1.97 ████ 100" in text
    assert "ok only released" in text
    (row,) = (line for line in raw.split(b"\n") if line.startswith(b"collatz"))
    assert row.count(b"\x1b[32m") == 4  # held, which gains nothing as claimed, too
    assert b"\x1b[1mThe finding:" in raw
    assert "─" * columns in text


def test_columns_are_respected_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for told, width in (("80", 80), ("300", 100), ("", 100), ("0", 100), ("x", 100)):
        monkeypatch.setenv("COLUMNS", told)
        assert console(io.StringIO()).width == width
    monkeypatch.delenv("COLUMNS")
    assert console(io.StringIO()).width == 100


def test_a_run_without_threads_or_races(whole: Judged) -> None:
    alone = tuple(one for one in whole.findings if one.race.threads == 1)
    assert "no call was raced in two threads" in " ".join(
        printed(replace(whole, findings=alone, series=()))
    )
    assert not any("finding" in line for line in printed(replace(whole, findings=())))
