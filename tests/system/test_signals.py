"""SIGTERM as an exception, for a while."""

import signal

import pytest

from lab.system.signals import Terminated, terminable


def test_sigterm_is_raised_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_handler_of_exceptions_takes_it_for_one() -> None:
    assert not issubclass(Terminated, Exception)
