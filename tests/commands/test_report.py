"""What a report says in each format, and that nothing bad goes in or gets lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lab.cli import main
from lab.commands import report as report_command
from lab.errors import UsageError
from lab.records.results import FORMAT, KEY, load, publish
from lab.renderers import formats
from lab.verdicts.run import Judged, judged
from tests.command_line import Told

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "tests/data"
WHOLE = RECORDS / "whole.json"


Report = Callable[..., Told]


@pytest.fixture
def report(command: Callable[..., Told]) -> Report:
    """The command with these arguments."""
    return partial(command, "report")


@pytest.fixture(scope="module")
def whole() -> Judged:
    return judged(load(WHOLE), "whole")


def _written(row: formats.Format, folder: Path, report: Report) -> None:
    """The suffix of a report's file says what is written."""
    output = folder / f"report{row.suffix}"
    done = report(WHOLE, "-o", output)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Report: {output}\n"
    first = {
        "terminal": "gil-lab: CPython",
        "markdown": "## Does C help",
        "json": "{",
        "csv": "run,date,",
        "html": "<!DOCTYPE html>",
    }[row.name]
    text = output.read_text(encoding="utf-8").lstrip()
    assert text.startswith(first)
    assert [path.name for path in folder.iterdir()] == [output.name]
    if row.name in ("markdown", "json", "csv"):
        assert report(WHOLE, "--format", row.name).stdout.strip() == text.strip()


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.name) for row in formats.FORMATS if not row.extra],
)
def test_the_suffix_says_the_format(
    row: formats.Format, tmp_path: Path, report: Report
) -> None:
    _written(row, tmp_path, report)


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_the_suffix_of_a_page(tmp_path: Path, report: Report) -> None:
    (page,) = (row for row in formats.FORMATS if row.extra)
    _written(page, tmp_path, report)


def test_the_choices_are_the_rows(report: Report) -> None:
    """The command line names the formats without importing them."""
    done = report("--format", "nonsense", WHOLE)
    assert done.returncode == 2
    for row in formats.FORMATS:
        assert row.name in done.stderr


def _without(kind: str) -> str:
    content = json.loads(WHOLE.read_text())
    for benchmark in content["benchmarks"]:
        records = benchmark["extra_info"][KEY]
        benchmark["extra_info"][KEY] = [one for one in records if one["kind"] != kind]
    return json.dumps(content)


def _newer() -> str:
    content = json.loads(WHOLE.read_text())
    content[KEY]["format"] = FORMAT + 1
    return json.dumps(content)


def _empty_run() -> str:
    content = json.loads(WHOLE.read_text())
    content["benchmarks"] = []
    return json.dumps(content)


def _damaged_trace() -> str:
    content = json.loads(WHOLE.read_text())
    for benchmark in content["benchmarks"]:
        for record in benchmark["extra_info"][KEY]:
            if record["kind"] == "timeline":
                record["trace"]["segments"] = [["nonsense"]]
    return json.dumps(content)


BAD: dict[str, tuple[Callable[[], str], str]] = {
    "empty": (lambda: "", "not a result file"),
    "foreign": (lambda: '{"benchmarks": []}', "not a result file of gil-lab"),
    "newer": (_newer, "run the bench again"),
    "half written": (lambda: WHOLE.read_text()[:5000], "not a result file"),
    "without traces": (lambda: _without("timeline"), "make bench"),
    "nothing in it": (_empty_run, "run the bench again"),
    "damaged trace": (_damaged_trace, "damaged"),
}


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """That the command with these arguments says why not, in one line."""

    def check(said: str, *arguments: str | Path) -> None:
        assert main(["report", *map(str, arguments)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        (line,) = told.err.splitlines()
        assert line.startswith("gil-lab: ")
        assert said in line

    return check


@pytest.mark.parametrize("name", BAD)
def test_bad_results_are_one_line(
    name: str, tmp_path: Path, refused: Callable[..., None]
) -> None:
    text, said = BAD[name]
    result, output = tmp_path / "result.json", tmp_path / "report.html"
    result.write_text(text())
    output.write_text("the report of yesterday")
    refused(said, result, "-o", output)
    assert output.read_text() == "the report of yesterday"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/no/such/result.json",), "No such file"),
        ((ROOT / "lab",), "make bench"),
        ((WHOLE, "-o", "/no/such/folder/report.html"), "no such folder"),
        ((WHOLE, "-o", RECORDS), "which format"),
        ((WHOLE, "-o", RECORDS, "--format", "json"), "a folder"),
        ((WHOLE, "-o", "report.pdf"), "which format"),
        ((WHOLE, "-o", WHOLE), "is a result"),
        ((WHOLE, "-o", RECORDS / "held.json"), "is a result"),
        ((WHOLE, "-o", "/proc/report.md"), "/proc/report.md"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: tuple[str | Path, ...], said: str, refused: Callable[..., None]
) -> None:
    before = WHOLE.read_bytes()
    refused(said, *arguments)
    assert WHOLE.read_bytes() == before


def test_a_page_is_not_for_a_terminal() -> None:
    reader, terminal = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "lab", "report", str(WHOLE), "--format", "html"],
        cwd=ROOT,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(terminal)
    os.close(reader)
    assert done.returncode == 2
    assert "add -o report.html" in done.stderr


def test_traces_are_needed_for_a_page_only(tmp_path: Path, report: Report) -> None:
    result = tmp_path / "result.json"
    result.write_text(_without("timeline"))
    assert report(result).returncode == 0
    assert report(result, "--format", "markdown").returncode == 0


def _kept(folder: Path, name: str, part: str = "") -> Path:
    """A run in a folder as bench keeps them, without traces if it is a part."""
    content = json.loads(_without("timeline") if part else WHOLE.read_text())
    content[KEY]["part"] = part
    return publish(json.dumps(content), folder, name)


def test_a_folder_stands_for_its_newest_whole_run(
    tmp_path: Path, report: Report
) -> None:
    _kept(tmp_path, "2026-01-01T00-00-00")
    done = report(tmp_path, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nlatest," in done.stdout
    part = _kept(tmp_path, "2026-01-02T00-00-00", "-k mandelbrot")
    done = report(tmp_path, "--format", "csv")
    assert "\nlatest," in done.stdout
    (line,) = done.stderr.splitlines()
    assert str(part) in line
    assert "-k mandelbrot" in line
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_without_a_whole_run_the_newest_part_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _kept(tmp_path / "results", "2026-01-01T00-00-00", "-k collatz")
    part = _kept(tmp_path / "results", "2026-01-02T00-00-00", "-k mandelbrot")
    output = tmp_path / "report.html"
    assert report_command.run([tmp_path / "results"], None, output) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{part} is only a part of the bench (-k mandelbrot)" in line
    assert output.read_text().startswith("<!DOCTYPE html>")


def test_without_a_name_it_is_what_bench_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report_command, "FOLDER", tmp_path / "results")
    with pytest.raises(UsageError, match="make bench makes one"):
        report_command.run([], "terminal", None)
    _kept(tmp_path / "results", "2026-01-01T00-00-00")
    assert report_command.run([], "terminal", None) == 0
    assert "gil-lab: CPython" in capsys.readouterr().out


def test_only_check_asks_for_the_verdict(tmp_path: Path, report: Report) -> None:
    """A held twin that says it is released."""
    content = json.loads((RECORDS / "held.json").read_text())
    for benchmark in content["benchmarks"]:
        benchmark["extra_info"][KEY][0]["claim"] = "threads help"
    lie, output = tmp_path / "lie.json", tmp_path / "report.md"
    lie.write_text(json.dumps(content))
    assert report(lie).returncode == 0
    assert report(lie, "--check").returncode == 1
    assert report(lie, "--check", "-o", output).returncode == 1
    assert "!!" in output.read_text()
    assert report(RECORDS / "held.json", "--check").returncode == 0


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_where_there_is_no_scope_a_page_says_so(tmp_path: Path) -> None:
    content = json.loads(_without("timeline"))
    content[KEY]["no_scope"] = "no GIL: nothing to see"
    result, output = tmp_path / "result.json", tmp_path / "report.html"
    result.write_text(json.dumps(content))
    assert report_command.run([result], None, output) == 0
    assert "no GIL: nothing to see" in output.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_no_traces_are_wanted_where_there_is_no_gil(tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert report_command.run([RECORDS / "free_threaded.json"], None, output) == 0


def test_runs_of_one_name_are_told_apart(tmp_path: Path, report: Report) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "latest.json").write_text(WHOLE.read_text())
    done = report(
        *(tmp_path / folder / "latest.json" for folder in ("a", "b")),
        *("--format", "json"),
    )
    names = [run["run"] for run in json.loads(done.stdout)["runs"]]
    assert len(set(names)) == 2
