"""The notebook: clean in the repository, and sound from start to end."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.demo.acts import acts
from lab.instruments.scope import unavailable
from tests.jupyter import Html, Ran, run

ROOT = Path(__file__).parent.parent
FILE = ROOT / "notebooks" / "gil_lab.ipynb"


@pytest.fixture
def notebook() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found


def _source(notebook: dict[str, Any], name: str) -> str:
    (cell,) = (cell for cell in notebook["cells"] if cell["id"] == name)
    return "".join(cell["source"])


def test_nothing_of_a_run_is_kept(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert notebook["metadata"] == {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    assert not re.search(r"/(home|root|Users|tmp|usr)/", FILE.read_text("utf-8"))


def test_it_is_written_as_jupyter_writes_it(notebook: dict[str, Any]) -> None:
    written = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert FILE.read_text("utf-8") == written
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))


def test_the_acts_are_the_demos(notebook: dict[str, Any]) -> None:
    for act in acts():
        question = _source(notebook, f"act-{act.number}-question")
        options = [f"{n}. {option}" for n, option in enumerate(act.options, 1)]
        for line in (
            f"## Act {act.number}: {act.title}",
            f"**{act.question}**",
            *options,
        ):
            assert line in question.splitlines()
        for line in act.lines:
            assert line in question
        predict = _source(notebook, f"act-{act.number}-predict")
        prediction, why = predict.splitlines()
        assert why.startswith(f'why_{act.number} = ""')
        numbers = re.findall(r"\d", prediction.partition("#")[2])
        assert numbers == [str(n) for n, _ in enumerate(act.options, 1)]


@pytest.mark.slow
def test_every_question_has_a_solution_and_it_is_folded(
    notebook: dict[str, Any], tmp_path: Path
) -> None:
    solutions = [_source(notebook, name) for name in ("ask-own", "kernel-solutions")]
    for text in solutions:
        inside = re.findall(r"<details>\n<summary>.*?</details>", text, re.DOTALL)
        assert "".join(inside).count("Solution") == text.count("Solution") > 0
    pytest.importorskip("Cython", reason="no kernels of one's own: Cython is missing")
    (kernel,) = re.findall(r"```cython\n%%cython\n(.*?)```", solutions[1], re.DOTALL)
    path = tmp_path / "own.pyx"
    path.write_text(kernel)
    command = [sys.executable, "-m", "cython", "-3", "-Werror", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("uid", "told"), [(0, True), (1000, False)])
def test_make_opens_it_for_root_too(tmp_path: Path, uid: int, told: bool) -> None:
    """Jupyter refuses to serve root unless told to; nobody else is to tell it so."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, line in (("python", 'echo "$@"'), ("id", f"echo {uid}")):
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    done = subprocess.run(
        [
            # Itself below a make, make would tell which folder it enters.
            *(make, "--no-print-directory", "notebook"),
            *(f"BIN={programs}", "ARGS=--no-browser"),
            *("--old-file=build", "--old-file=.venv/.notebook", "VENV=.venv"),
        ],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = ["-m", "jupyterlab", "notebooks/gil_lab.ipynb"]
    words += ["--allow-root"] * told + ["--no-browser"]
    assert done.stdout.split() == words


@pytest.mark.slow
def test_from_start_to_end(notebook: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("ipykernel", reason="no notebooks: ipykernel is not there")
    pytest.importorskip("nbclient", reason="no notebooks: nbclient is not there")
    pytest.importorskip("vl_convert", reason="no timelines: vl_convert is not there")
    ran = run(_with_short_acts(notebook), tmp_path)
    for cell in ran:
        assert cell.errors == []
        assert "UsageError" not in cell.stderr
    revealed = _with(ran, "predictions.reveal(")
    assert len(revealed) == len(acts())
    for cell, act in zip(revealed, acts(), strict=True):
        (plain,) = cell.plain
        html = Html(cell.html[0])
        assert plain.startswith(f"Act {act.number}: {act.title}\n\n  MEASURED: ")
        assert re.match(r"Measured: (open|\d, .*You have not predicted)", html.text)
        assert [tag for tag, _ in html.tags].count("details") == 1
        assert len(html.images) == (0 if unavailable() else len(act.twins))
        for cut in act.cuts():
            for _, line in cut.lines:
                assert line.strip() in html.text
    (summary,) = _with(ran, "predictions", whole=True)
    for act in acts():
        assert f"{act.number}  {act.title}" in Html(summary.html[0]).text
    assert "not yet" not in summary.plain[0]
    probed = _with(ran, "%gil ")
    assert len(probed) == 5
    for cell in probed:
        assert re.match("(released|held|inconclusive): ", cell.plain[0])
        assert cell.plain[0].splitlines()[0] in Html(cell.html[0]).text
    assert _with(ran, "inside_held(1000) ==")[0].plain == ["(True, 3.141549)"]
    if unavailable() is None:
        for cell in _with(ran, "%%gil"):
            html = Html(cell.html[-1])
            assert html.text.startswith("nobody held the GIL for")
            assert "worker 2: holds the GIL" in (html.images[0]["alt"] or "")


def _with_short_acts(notebook: dict[str, Any]) -> dict[str, Any]:
    """The same, with less to compute and to wait for in each act."""
    long = "predictions = Predictions()"
    short = f"from lab.demo.acts import Sizes; {long[:-1]}Sizes(0.4, 0.3))"
    text = json.dumps(notebook)
    assert text.count(long) == 1
    found: dict[str, Any] = json.loads(text.replace(long, short))
    return found


def _with(ran: list[Ran], start: str, *, whole: bool = False) -> list[Ran]:
    found = [
        cell
        for cell in ran
        if cell.source == start or (cell.source.startswith(start) and not whole)
    ]
    assert found
    return found
