"""Runs as text, one after the other."""

from lab.renderers import terminal
from lab.verdicts.run import Judged


def test_terminal_runs_follow_each_other(whole: Judged, free: Judged) -> None:
    text = terminal.render([whole, free])
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("gil-lab: CPython") == text.count("The myth:") == 2
    assert "GIL off (free-threaded)" in text
