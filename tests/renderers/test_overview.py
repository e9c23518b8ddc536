"""The run at one look: two screens on which nothing is missing without a word."""

import io
import json
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.records.race import wall_ns
from lab.records.results import KEY, load
from lab.renderers import benchmark_table, kernel_table, overview, terminal
from lab.renderers.console import console
from lab.renderers.experiment_table import SHOWN, headline
from lab.verdicts.finding import Judgement, Verdict
from lab.verdicts.run import Judged, experiments, judged, kernels
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "tests/data"
WHOLE = RECORDS / "whole.json"


@pytest.fixture(scope="module")
def whole() -> Judged:
    return _found("whole")


@pytest.fixture(scope="module")
def content(whole: Judged) -> dict[str, Any]:
    """The file of the run, with the timings of its races as pytest-benchmark has
    them, which the record does without."""
    pytest.importorskip("pytest_benchmark", reason="the extra bench")
    content: dict[str, Any] = json.loads(WHOLE.read_text())
    times = {
        (found.race.kernel, found.race.twin, found.race.threads): [
            wall_ns(turn.laps) / 1e9 for turn in found.race.rounds
        ]
        for found in whole.findings
    }
    experiments_of = {one.kernel: one.experiment for one in whole.run.races}
    for benchmark in content["benchmarks"]:
        record = benchmark["extra_info"][KEY][0]
        if record["kind"] != "race":
            continue
        record["experiment"] = experiments_of[record["kernel"]]
        data = times[record["kernel"], record["twin"], record["threads"]]
        benchmark["stats"] = {
            "min": min(data),
            "max": max(data),
            "rounds": len(data),
            "median": statistics.median(data),
            "mean": statistics.mean(data),
            "stddev": 0.0,
            "iqr": 0.0,
            "ops": 1 / statistics.mean(data),
            "outliers": "0;0",
            "iterations": 1,
        }
    return content


def _found(name: str) -> Judged:
    return judged(load(RECORDS / f"{name}.json"), name)


def _printed(
    it: Judged, width: int = 100, content: dict[str, Any] | None = None
) -> list[str]:
    out = io.StringIO()
    target = console(out, width=width)
    terminal.header(it.run.machine, target)
    terminal.report(it, target, content)
    return out.getvalue().splitlines()


def test_two_screens(whole: Judged, content: dict[str, Any]) -> None:
    lines = _printed(whole, 100, content)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 100
    # As many more as the whole bench has twins and experiments more than the record.
    assert len(lines) + (32 - _rows(text)) + (13 - len(experiments(whole))) <= 80
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


def _rows(text: str) -> int:
    _, _, rows, *_ = text.partition("Name (time in")[2].split("---\n")
    return len(rows.splitlines()) - 1


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


def test_a_row_a_kernel(whole: Judged) -> None:
    lines = _printed(whole)
    (row,) = (line for line in lines if line.startswith("mandelbrot"))
    held, released, bytecode = (
        one for one in kernels(whole)["mandelbrot"] if one.speedup is not None
    )
    for found in (held, released, bytecode):
        assert found.speedup is not None
        assert f"{found.speedup.median:.2f} " in row
    assert "1.97 #### 100    -" in row
    assert row.rstrip().endswith("ok only released")
    assert sum(line.startswith("  ") and "% free" in line for line in lines) == 3
    assert any(line.startswith("  numpy") for line in lines)
    start = next(at for at, line in enumerate(lines) if line.startswith("N: "))
    assert lines[start + 2].strip() == ""  # a legend of two lines


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_nothing_is_left_out_in_silence(whole: Judged, width: int) -> None:
    lines = _printed(whole, width)
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


def test_the_worst_claim_of_an_experiment_decides(whole: Judged) -> None:
    found = {one.name: one for one in experiments(whole)}
    lines = {line.split(" ")[0]: line.rstrip() for line in _printed(whole)}
    assert found["responsiveness"].judgement is Judgement.AS_PREDICTED
    assert lines["responsiveness"].endswith("ok all 5")
    assert found["break-even"].judgement is Judgement.INCONCLUSIVE
    count = found["break-even"].count(Judgement.INCONCLUSIVE)
    assert 0 < count < 9
    assert lines["break-even"].endswith(f"?? {count} of 9 open")
    assert found["traces"].judgement is Judgement.NO_CLAIM
    assert lines["traces"].endswith("none")
    held = next(
        one
        for one in found["responsiveness"].series
        if one.series.subject == "beside held: largest lag / call"
    )
    wrong = replace(held, judgement=Judgement.CONTRADICTED)
    text = "\n".join(_printed(replace(whole, series=(*whole.series, wrong))))
    assert "!! 1 of 6 not" in text
    text = " ".join(text.split())
    assert f"!! responsiveness, {held.series.subject}: " in text
    assert f"claimed: {held.series.claim}" in text


def test_an_experiment_made_of_races(whole: Judged) -> None:
    assert not {"libc.recv", "fifo.read_bytes"} & set(kernels(whole))
    found = {one.name: one for one in experiments(whole)}
    assert headline(found["sockets"], "+-") == "held 0.99, released 7.77 of 8"
    assert headline(found["files"], "+-") == "released 7.75 of 8"


def test_an_experiment_of_a_students_own(whole: Judged) -> None:
    own = replace(
        next(one for one in whole.series if one.judgement is Judgement.AS_PREDICTED),
        series=replace(whole.series[0].series, experiment="mine"),
    )
    assert "mine" not in SHOWN
    lines = _printed(replace(whole, series=(own,)))
    (row,) = (line for line in lines if line.startswith("mine "))
    assert "1 of 1 as claimed" in row


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
    text = " ".join("\n".join(_printed(replace(whole, findings=tuple(busy)))).split())
    assert text.count("machine busy, ") == 1
    assert f"machine busy, {len(busy)} races of mandelbrot, collatz, mixed open" in text
    assert "ARGS='-k \"mandelbrot or collatz or mixed\"'" in text
    more = [replace(one, race=replace(one.race, kernel="more")) for one in busy]
    it = replace(whole, findings=(*busy, *more))
    assert "make bench ARGS='-k compute'" in " ".join(_printed(it)).replace("  ", " ")


def test_bars() -> None:
    assert [kernel_table.bar(part, 4, False) for part in (-1, 0.5, 2)] == [
        *("....", "##..", "####")
    ]
    assert kernel_table.bar(0.5 / 4 + 0.5, 4, True) == "██▌·"
    assert kernel_table.bar(1, 4, True) == "████"


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


def test_every_row_is_still_there(whole: Judged) -> None:
    text = terminal.render([whole])
    for finding in whole.findings:
        race = finding.race
        start = f"{race.kernel:<15} {race.twin:<11} {race.via:<8} {race.threads} "
        assert start in text
    assert text.count("\nbreak-even ") == len(
        [one for one in whole.series if one.series.experiment == "break-even"]
    )
    assert overview.NEXT in text


def test_a_run_without_threads_or_races(whole: Judged) -> None:
    alone = tuple(one for one in whole.findings if one.race.threads == 1)
    assert "no call was raced in two threads" in " ".join(
        _printed(replace(whole, findings=alone, series=()))
    )
    assert not any("finding" in line for line in _printed(replace(whole, findings=())))
