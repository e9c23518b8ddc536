"""python -m lab new NAME: a .pyx to start from."""

from pathlib import Path

from lab.errors import UsageError

TEMPLATE = '''\
# cython: language_level=3, cdivision=True, freethreading_compatible=True
"""Does `with nogil:` help threads? Race it:  python -m lab bench {name}.pyx

NAME_held and NAME_released do the same work: how many primes there are below n. They
differ by one line, `with nogil:`. Change the work to your own, save, race again.
"""


# Plain C. `nogil` promises that it needs nothing of Python: no objects, no
# exceptions. Cython checks that.
cdef long long _{name}(long long n) noexcept nogil:
    cdef long long candidate, divisor, found = 0
    for candidate in range(2, n):
        divisor = 2
        while divisor * divisor <= candidate and candidate % divisor:
            divisor += 1
        found += divisor * divisor > candidate
    return found


def {name}_held(long long n):
    """Other threads wait: the GIL is held until the result is there."""
    cdef long long found
    found = _{name}(n)
    return found


def {name}_released(long long n):
    """Other threads run meanwhile."""
    cdef long long found
    with nogil:
        found = _{name}(n)
    return found


# The same in Python, for comparison; leave it out if there is none.
def {name}_interpreter(n):
    found = 0
    for candidate in range(2, n):
        divisor = 2
        while divisor * divisor <= candidate and candidate % divisor:
            divisor += 1
        found += divisor * divisor > candidate
    return found


# A single parameter n is chosen by the lab, so that a call takes some 20 ms. For other
# parameters write a function that returns the arguments of one call, as a tuple:
#
# def {name}_args():
#     return (200_000,)
'''


def run(name: str) -> int:
    """Write NAME.pyx in the current folder; UsageError where it is there already."""
    name = name.removesuffix(".pyx")
    if not name.isidentifier():
        raise UsageError(
            f"{name}: no name for a module: letters, digits and _, no digit first"
        )
    path = Path(f"{name}.pyx")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=name))
    except FileExistsError:
        raise UsageError(f"{path}: is there already: name another") from None
    print(f"Written: {path}. Race it: python -m lab bench {path}")
    return 0
