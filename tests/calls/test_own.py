"""Which kernels a module has, by the names of its functions."""

from types import ModuleType

import pytest

from lab.calls.own import ALONE, ArgumentsError, found, pair
from lab.errors import UsageError

SOURCE = """
import os
from os.path import join

def a_released(n): pass
def a_held(n): pass
def a_interpreter(n): pass
def b(): pass
def c_held(x, y=1): pass
def c_args(): return (1,)
def d_held(x): pass
def d_args(): return 1
def e(n, *rest, **more): pass
def f(n, m): pass
def _g_held(): pass
class H_held: pass
"""


def _module() -> ModuleType:
    module = ModuleType("mine")
    exec(SOURCE, vars(module))
    return module


def test_twins_arguments_and_functions_that_stand_alone() -> None:
    kernels = {own.name: own for own in found(_module())}
    twins = {name: [*own.functions] for name, own in kernels.items()}
    assert twins == {
        "a": ["held", "released", "interpreter"],
        "b": [ALONE],
        "c": ["held"],
        "d": ["held"],
        "e": [ALONE],
        "f": [ALONE],
    }
    assert [name for name, own in kernels.items() if own.sized] == ["a", "e"]
    assert [name for name, own in kernels.items() if own.unknown] == ["f"]
    assert kernels["f"].unknown == "n, m"
    assert kernels["b"].arguments() == ()
    assert kernels["c"].arguments() == (1,)
    with pytest.raises(ArgumentsError, match=r"d_args\(\) returned int, expected a"):
        kernels["d"].arguments()


def test_a_pair() -> None:
    own = pair("math.gcd", "math.lcm", "6, 4")
    assert own.name == "gcd/lcm"
    assert own.arguments() == (6, 4)
    for wrong, told in (("6 +", "'6 \\+'"), ("nothing", "not defined")):
        with pytest.raises(ArgumentsError, match=f"--args: .*{told}"):
            pair("math.gcd", "math.lcm", wrong).arguments()
    with pytest.raises(ArgumentsError, match="by position"):
        pair("math.gcd", "math.lcm", "x=1").arguments()
    with pytest.raises(UsageError, match="math has no function nothing"):
        pair("math.gcd", "math.nothing", None)
    with pytest.raises(UsageError, match="expected package"):
        pair("gcd", "math.lcm", None)
