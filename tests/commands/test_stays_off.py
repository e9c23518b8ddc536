"""What a module does to the GIL of a free-threaded Python that imports it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from lab.commands import stays_off
from lab.commands.stays_off import switched_on

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="not free-threaded"
)
# A module that says nothing of the GIL.
SOURCE = """
#include <Python.h>
static struct PyModuleDef here = {PyModuleDef_HEAD_INIT, "old", 0, -1, 0};
PyMODINIT_FUNC PyInit_old(void) { return PyModule_Create(&here); }
"""


@free_threaded
def test_what_is_safe_leaves_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_GIL", "1")  # not for the child
    assert switched_on("json", "json.loads('1')") == ""
    assert switched_on("os.path") == ""


@free_threaded
def test_what_says_nothing_switches_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.c").write_text(SOURCE)
    include, suffix = sysconfig.get_path("include"), "EXT_SUFFIX"
    library = f"old{sysconfig.get_config_var(suffix)}"
    command = ["cc", "-shared", "-fPIC", f"-I{include}", "old.c", "-o", library]
    subprocess.run(command, cwd=tmp_path, check=True)
    monkeypatch.syspath_prepend(tmp_path)
    told = switched_on("old")
    assert told.startswith("importing old switched the GIL on")
    assert "Python says   The global interpreter lock (GIL) has been enabled" in told
    by_call = switched_on("json", "__import__('old')")
    assert by_call.startswith("calling __import__('old') switched the GIL on")


def test_a_child_that_fails_is_told_with_its_words() -> None:
    with pytest.raises(RuntimeError, match=r"no_such_module: the process .* failed"):
        switched_on("no_such_module")


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stays_off, "LONGEST_S", 0.05)
    monkeypatch.setattr(stays_off, "CHILD", "import signal; signal.pause()")
    with pytest.raises(RuntimeError, match=r"json: .* did not end in 0\.05 s"):
        switched_on("json")
    assert "json" in sys.modules
