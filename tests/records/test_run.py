"""A run of the bench, as a record."""

import dataclasses

from lab.records.results import load
from lab.records.run import Failure
from tests.printed import WHOLE


def test_what_a_run_could_not_measure_is_told_in_harmless_words() -> None:
    failure = Failure("kernels", "name\n", "raised \x1b[2J", "at a.py:1")
    assert failure.subject == "name\\n"
    assert failure.reason == "raised \\x1b[2J"
    assert failure.place == "at a.py:1"
    run = dataclasses.replace(load(WHOLE), processor="a\u202eb", part="-k '\t'")
    assert (run.processor, run.part) == ("a\\u202eb", "-k '\\t'")
