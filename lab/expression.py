"""An expression and its setup, as a user types them -> a callable and its arguments.

A plain call is taken apart: function and arguments are evaluated once, so that what
is measured is the call and nothing around it. Any other expression is compiled into
a function without arguments.
"""

import ast
import builtins
from collections.abc import Callable
from types import CodeType
from typing import Any, Literal

from lab.errors import UsageError

Subject = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]
Part = Literal["EXPR", "SETUP", "CLEANUP"]
# What a typing error ends in; whatever else is raised is the code's own affair.
MISTAKES = (NameError, AttributeError, ImportError)


class Keywords(dict[str, Any]):
    """Keyword arguments; what setup made stays alive as long as they do.

    Else the other end of a socket would be closed before the call that reads it.
    """

    names: dict[str, Any]


def subject(
    expression: str, setup: str = "", names: dict[str, Any] | None = None
) -> Subject:
    """Run setup, then make (func, args, kwargs) of the expression.

    names: what both find, and where they bind; of their own unless given. Keep kwargs
    for as long as func is called. Raises UsageError, in a line that names EXPR or
    SETUP, where one of them is no Python, or names something that does not exist;
    anything else that setup, the function or the arguments raise while they are
    evaluated propagates.
    """
    tree = _parsed(expression.strip(), "EXPR", "eval")
    assert isinstance(tree, ast.Expression)
    _compiled(tree, "EXPR", "eval")
    kwargs = Keywords()
    names = {"__name__": "__gil_lab__"} if names is None else names
    kwargs.names = names
    _run("SETUP", _compiled(_parsed(setup, "SETUP", "exec"), "SETUP", "exec"), names)
    _check_names(tree, names)
    if isinstance(tree.body, ast.Call):
        call = tree.body
        func = _value(call.func, names)
        args = _value(ast.Tuple(call.args, ast.Load()), names)
        kwargs.update(_value(_keywords(call), names))
        return func, args, kwargs
    nothing = ast.arguments([], [], None, [], [], None, [])
    return _value(ast.Lambda(nothing, tree.body), names), (), kwargs


def clean_up(kwargs: dict[str, Any], cleanup: str) -> None:
    """Run cleanup where setup ran; kwargs: as `subject` returned them."""
    assert isinstance(kwargs, Keywords)
    code = _compiled(_parsed(cleanup, "CLEANUP", "exec"), "CLEANUP", "exec")
    _run("CLEANUP", code, kwargs.names)


def _parsed(text: str, part: Part, mode: Literal["eval", "exec"]) -> ast.AST:
    try:
        return ast.parse(text, f"<{part}>", mode)
    except SyntaxError as error:
        raise _usage(part, error.msg, text) from error
    except ValueError as error:  # a null byte, before Python 3.12
        raise _usage(part, str(error), text) from error


def _compiled(tree: Any, part: Part, mode: Literal["eval", "exec"]) -> CodeType:
    try:
        return compile(ast.fix_missing_locations(tree), f"<{part}>", mode)
    except SyntaxError as error:  # it parses, but: return outside a function
        raise _usage(part, error.msg, ast.unparse(tree)) from error


def _run(part: Part, code: CodeType, names: dict[str, Any]) -> Any:
    try:
        return eval(code, names)
    except MISTAKES as error:
        raise UsageError(f"{part}: {type(error).__name__}: {error}") from error


def _value(tree: ast.expr, names: dict[str, Any]) -> Any:
    return _run("EXPR", _compiled(ast.Expression(tree), "EXPR", "eval"), names)


def _keywords(call: ast.Call) -> ast.Dict:
    """The call's keywords, ** and all, as a dictionary."""
    names: list[ast.expr | None] = [
        None if word.arg is None else ast.Constant(word.arg) for word in call.keywords
    ]
    return ast.Dict(names, [word.value for word in call.keywords])


def _check_names(tree: ast.Expression, names: dict[str, Any]) -> None:
    """Names that nobody defined, told before anything is called."""
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in used if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in used:
        if node.id not in bound | names.keys() and not hasattr(builtins, node.id):
            raise UsageError(f"EXPR: NameError: name '{node.id}' is not defined")


def _usage(part: Part, problem: str, text: str) -> UsageError:
    return UsageError(f"{part}: {problem}: {text.strip()!r}")
