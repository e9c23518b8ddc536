"""What an instruction calls, as the source says."""

from collections.abc import Callable
from types import FunctionType

from lab.instruments.callee import callee, is_call

HERE = __file__


def calls() -> None:
    len("")
    print(len(str(1) + "é"), [str(2)])
    "".join(
        "abc",
    )
    (lambda x: x)(1)
    1 + 1  # noqa: B018


def units(function: Callable[..., object]) -> set[str]:
    assert isinstance(function, FunctionType)
    code = function.__code__
    return {
        callee(HERE, code.co_linetable, code.co_firstlineno, unit)
        for unit in range(len(code.co_code) // 2)
        if is_call(code.co_code[2 * unit])
    }


def test_the_callee_is_what_the_source_says() -> None:
    found = units(calls)
    assert found == {"len", "print", "str", "''.join", "lambda x: x"} or found == {
        "len",
        "print",
        "str",
        "join",
        "lambda x: x",
    }


def test_without_source_no_callee_is_told() -> None:
    code = calls.__code__
    for file in ("", "/none.py", "<string>"):
        assert callee(file, code.co_linetable, code.co_firstlineno, 6) == ""
    assert callee(HERE, code.co_linetable, code.co_firstlineno, 10**4) == ""
    assert callee(HERE, code.co_linetable, 10**6, 6) == ""
    assert callee(HERE, b"", 1, 0) == ""
