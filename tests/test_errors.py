"""The user's mistakes, without a traceback."""

from lab.errors import UsageError


def test_in_a_notebook_it_is_one_line() -> None:
    assert UsageError("no such file")._render_traceback_() == ["gil-lab: no such file"]
    assert issubclass(UsageError, ValueError)
