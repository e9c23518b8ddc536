"""How a .pyx of the user's is compiled."""

from hatch_build import FLAGS
from lab.calls import compiled


def test_it_is_compiled_as_the_labs_own_kernels_are() -> None:
    assert list(compiled.FLAGS) == FLAGS
