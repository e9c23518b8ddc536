"""python -m lab."""

import re

from tests.command_line import run


def test_version() -> None:
    done = run("-m", "lab", "--version")
    assert done.returncode == 0
    assert re.fullmatch(r"gil-lab .+, CPython 3\.\d+\..+\n", done.stdout)


def test_its_status_is_the_commands() -> None:
    done = run("-m", "lab", "report", "pyproject.toml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("gil-lab: pyproject.toml: ")
