"""What a module does to the GIL of a free-threaded Python that imports it."""

import sys
import sysconfig
from importlib.util import find_spec

import pytest

from lab.commands import stays_off
from lab.commands.stays_off import switched_on

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="not free-threaded"
)
# CPython's own module for tests of modules as they were written before version 3.5.
OLD = "_testsinglephase"


@free_threaded
def test_what_is_safe_leaves_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_GIL", "1")  # not for the child
    assert switched_on("json", "json.loads('1')") == ""
    assert switched_on("os.path") == ""


@free_threaded
@pytest.mark.skipif(find_spec(OLD) is None, reason=f"no {OLD}")
def test_what_says_nothing_switches_it_on() -> None:
    told = switched_on(OLD)
    assert told.startswith(f"importing {OLD} switched the GIL on")
    assert "Python says   The global interpreter lock (GIL) has been enabled" in told
    by_call = switched_on("importlib", f"importlib.import_module('{OLD}')")
    assert by_call.startswith(f"calling importlib.import_module('{OLD}') switched")


def test_a_child_that_fails_is_told_with_its_words() -> None:
    with pytest.raises(RuntimeError, match=r"no_such_module: the process .* failed"):
        switched_on("no_such_module")


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stays_off, "LONGEST_S", 0.05)
    monkeypatch.setattr(stays_off, "CHILD", "import signal; signal.pause()")
    with pytest.raises(RuntimeError, match=r"json: .* did not end in 0\.05 s"):
        switched_on("json")
    assert "json" in sys.modules
