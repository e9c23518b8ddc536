"""Every row of the catalogue is one that the bench, its table and the tests can use."""

import pytest

from lab.calls.kernel import Kernel
from lab.catalogue import catalogue
from lab.records.race import Bound, Claim

KERNELS = catalogue()


def test_names_are_told_apart() -> None:
    names = [kernel.name for kernel in KERNELS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_twins_are_told_apart_and_only_some_help(kernel: Kernel) -> None:
    names = [twin.name for twin in kernel.twins]
    assert len(set(names)) == len(names)
    claims = {twin.claim for twin in kernel.twins}
    assert Claim.NO_HELP in claims
    assert len(claims) > 1
    for twin in kernel.twins:
        assert kernel.twin(twin.name) is twin


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_call_that_blocks_says_for_how_long(kernel: Kernel) -> None:
    assert (kernel.delay_s is not None) == (kernel.bound is Bound.BLOCKING)
