"""Expressions become the call that was meant, and typing errors one line."""

import gc
import json
import time
from pathlib import Path

import pytest

from lab.calls.expression import clean_up, prepared_call
from lab.errors import UsageError


def test_a_plain_call_is_taken_apart() -> None:
    func, args, kwargs = prepared_call(
        "json.dumps(data, indent=2)", "import json; data=[1]"
    )
    assert (func, args, kwargs) == (json.dumps, ([1],), {"indent": 2})


def test_stars_are_unpacked() -> None:
    func, args, kwargs = prepared_call(
        "max(*numbers, *numbers, **how)", "numbers = [1, 2]; how = {'key': abs}"
    )
    assert (func, args, kwargs) == (max, (1, 2, 1, 2), {"key": abs})


def test_arguments_are_evaluated_once() -> None:
    setup = "made = []\ndef make():\n    made.append(1)\n    return made"
    func, args, kwargs = prepared_call("len(make())", setup)
    assert [func(*args, **kwargs) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("expression", "setup", "value"),
    [
        ("a @ b if a else b", "a, b = 0, 7", 7),
        ("a * b", "a, b = 6, 7", 42),
        ("[x * x for x in range(3)]", "", [0, 1, 4]),
        ("(lambda y: y + 1)(1)", "", 2),
        (" (n := 3) + n\n", "", 6),
        ("dict(a=1)['a']", "", 1),
        ("f(1)", "dict = 5\ndef f(a): return a", 1),
    ],
)
def test_the_value_is_the_expressions(
    expression: str, setup: str, value: object
) -> None:
    func, args, kwargs = prepared_call(expression, setup)
    assert func(*args, **kwargs) == value


def test_modules_are_imported_where_nobody_defines_the_name() -> None:
    func, args, kwargs = prepared_call("calendar.isleap(2024)")
    assert func(*args, **kwargs) is True
    func, args, kwargs = prepared_call("calendar.upper()", "calendar = 'defined'")
    assert func(*args, **kwargs) == "DEFINED"
    # A name of its own is none that an import could have been meant for.
    with pytest.raises(UsageError, match=r"name 'calendar' is not defined: --setup"):
        prepared_call("calendar(2024)")
    # Where the names are somebody's, nothing is added to them.
    names: dict[str, object] = {}
    with pytest.raises(UsageError, match=r"name 'calendar' is not defined$"):
        prepared_call("calendar.isleap(2024)", names=names)
    assert "calendar" not in names


def test_a_module_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text("import no_such_module_here")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match="EXPR: ModuleNotFoundError") as caught:
        prepared_call("broken_module.f()")
    assert "\n" not in str(caught.value)


def test_any_other_expression_is_evaluated_at_every_call() -> None:
    func, args, kwargs = prepared_call("time.monotonic() + 0", "import time")
    assert (args, kwargs) == ((), {})
    before = time.monotonic()
    assert func() >= before  # type: ignore[operator]  # a number


@pytest.mark.parametrize(
    ("expression", "setup", "told"),
    [
        ("f(", "", r"EXPR: .*'f\('"),
        ("", "", "EXPR: "),
        ("x = 1", "", "EXPR: "),
        ("f(a=1, a=2)", "f = dict", "EXPR: .*repeated"),
        ("f\0", "", "EXPR: "),
        ("len(missing)", "", "EXPR: NameError: name 'missing'"),
        ("missing * 2", "", "EXPR: NameError: name 'missing'"),
        ("[missing for x in 'a']", "", "EXPR: NameError: name 'missing'"),
        ("math.sinus(1)", "import math", "EXPR: AttributeError: .*sinus"),
        ("1", "import", "SETUP: "),
        ("1", "return 1", "SETUP: .*outside function"),
        ("1", "a = missing", "SETUP: NameError: name 'missing'"),
        ("1", "import no_such_module_here", "SETUP: ModuleNotFoundError"),
    ],
)
def test_a_typing_error_is_one_line(expression: str, setup: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        prepared_call(expression, setup)
    assert "\n" not in str(caught.value)


def test_what_the_code_itself_raises_propagates() -> None:
    with pytest.raises(ZeroDivisionError):
        prepared_call("len([])", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        prepared_call("len(1 / 0)")
    func, args, kwargs = prepared_call("f()", "def f(): return missing")
    with pytest.raises(NameError):
        func(*args, **kwargs)


def test_what_setup_made_lives_as_long_as_the_keywords() -> None:
    setup = "import socket\na, b = socket.socketpair()\nb.send(b'x')\na.settimeout(5)"
    func, args, kwargs = prepared_call("a.recv(1)", setup)
    gc.collect()
    assert func(*args, **kwargs) == b"x"
    clean_up(kwargs, "a.close()\nb.close()")
    with pytest.raises(OSError, match="Bad file descriptor"):
        func(*args, **kwargs)


def test_names_of_somebody_else() -> None:
    names = {"data": [3, 1], "key": abs}
    func, args, kwargs = prepared_call("sorted(data, key=key)", names=names)
    assert (func, args, kwargs) == (sorted, ([3, 1],), {"key": abs})
    func, _, _ = prepared_call("data[0] + more", "more = 4", names)
    assert func() == 7
    assert names["more"] == 4
    with pytest.raises(UsageError, match="name 'other' is not defined"):
        prepared_call("len(other)", names=names)
