"""Places of source, in words."""

import json
import os
import sysconfig
from pathlib import Path

import msgspec
import pytest

from lab.records import source_names
from lab.records.lines import Line


def test_files_are_named_from_here_or_from_where_python_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path / "src" / "report.py")
    assert source_names.short(here) == os.path.join("src", "report.py")
    assert source_names.short(json.__file__) == os.path.join("json", "__init__.py")
    installed = os.path.join("msgspec", "__init__.py")
    assert source_names.short(msgspec.__file__) == installed
    other = "/opt/a é/lib/python3.99/"
    assert source_names.short(f"{other}json/a.py") == "json/a.py"
    assert source_names.short(f"{other}site-packages/b/a.py") == "b/a.py"
    for elsewhere in (f"{tmp_path}2/report.py", "<frozen runpy>", ""):
        assert source_names.short(elsewhere) == elsewhere


def test_a_present_folder_that_is_gone_shortens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert source_names.short(str(gone / "a.py")) == str(gone / "a.py")
    assert source_names.short(json.__file__) == os.path.join("json", "__init__.py")


def test_what_came_with_python_or_was_installed_is_a_library() -> None:
    assert source_names.is_library(json.__file__)
    assert source_names.is_library(msgspec.__file__)
    assert source_names.is_library("<frozen runpy>")
    assert not source_names.is_library(__file__)
    assert not source_names.is_library(f"{sysconfig.get_path('stdlib')}x/a.py")
    assert not source_names.is_library("/home/lib/python3/a.py")
    assert source_names.is_library("/usr/lib/python3/dist-packages/apt/a.py")


def test_modules_are_named_as_they_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_names.module(json.decoder.__file__) == "json.decoder"
    assert source_names.module(json.__file__) == "json"
    assert source_names.module(str(tmp_path / "src" / "a.py")) == "src.a"


def test_a_line_has_its_place_and_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.py"
    file.write_text("\n\tif x:\x0c\n", encoding="utf-8")
    line = Line(str(file), 2, "f")
    assert source_names.place(line) == "a.py:2"
    assert source_names.source(line) == "if x:"
    unknown = Line(str(file), 0, "f")
    assert source_names.place(unknown) == "a.py"
    for missing in (unknown, Line("", 0, "f"), Line("/none.py", 3, "f")):
        assert source_names.source(missing) == ""
