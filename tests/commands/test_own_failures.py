"""Why one of the user's own kernels is not raced, and where."""

import pytest

from lab.calls.compiled import CompileError
from lab.calls.own import ArgumentsError
from lab.commands.own_failures import NotRacedError, place, reason
from lab.errors import UsageError


def _raised(code: str) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # whatever it is
        exec(compile(code, "/home/me/mine.py", "exec"), {})
    return caught.value


@pytest.mark.parametrize(
    ("code", "said", "where"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", "/home/me/mine.py:1"),
        ("\nraise SystemExit(3)", "it called exit(3)", "/home/me/mine.py:2"),
        ("raise SystemExit", "it called exit()", "/home/me/mine.py:1"),
        ("import json\njson.loads('{')", "json.decoder.JSONDecodeError", "decoder.py"),
    ],
)
def test_the_users_own_code(code: str, said: str, where: str) -> None:
    error = _raised(code)
    assert reason(error).startswith(said)
    assert where in place(error)


def test_a_syntax_error_is_where_python_says() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("x =", "/home/me/mine.py", "exec")
    assert place(caught.value) == "/home/me/mine.py:1"


@pytest.mark.parametrize("kind", [NotRacedError, ArgumentsError, UsageError])
def test_what_the_lab_itself_found_has_no_place(kind: type[Exception]) -> None:
    assert (reason(kind("why not")), place(kind("why not"))) == ("why not", "")


def test_arguments_that_raise_are_where_they_raised() -> None:
    error = ArgumentsError("f_args() raised")
    error.__cause__ = _raised("1 / 0")
    assert place(error) == "/home/me/mine.py:1"


def test_the_compilers_words_are_shown_apart() -> None:
    assert reason(CompileError("mine.pyx:3:1: no")) == "it does not compile: see above"
