"""An expression and its setup, as a user types them -> a callable and its arguments.

A plain call is taken apart: function and arguments are evaluated once, so that what
is measured is the call and nothing around it. Any other expression is compiled into
a function without arguments.
"""

import ast
import builtins
import importlib
from collections.abc import Callable
from importlib.util import find_spec
from types import CodeType
from typing import Any, Literal

from lab.errors import UsageError

PreparedCall = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]
Part = Literal["EXPR", "SETUP", "CLEANUP"]
# What a typing error ends in; whatever else is raised is the code's own affair.
MISTAKES = (NameError, AttributeError, ImportError)


class Keywords(dict[str, Any]):
    """Keyword arguments; what setup made stays alive as long as they do.

    Else the other end of a socket would be closed before the call that reads it.
    """

    names: dict[str, Any]


def prepared_call(
    expression: str, setup: str = "", names: dict[str, Any] | None = None
) -> PreparedCall:
    """Run setup, then make (func, args, kwargs) of the expression.

    names: what both find, and where they bind; of their own unless given: then a name
    that setup does not define, as in time.sleep(1), is imported if it is a module's,
    as users of timeit would wish. Keep kwargs
    for as long as func is called. Raises UsageError, in a line that names EXPR or
    SETUP, where one of them is no Python, or names something that does not exist;
    anything else that setup, the function or the arguments raise while they are
    evaluated propagates.
    """
    tree = _parsed(expression.strip(), "EXPR", "eval")
    assert isinstance(tree, ast.Expression)
    _compiled(tree, "EXPR", "eval")
    kwargs = Keywords()
    own = names is None
    names = {"__name__": "__gil_lab__"} if names is None else names
    kwargs.names = names
    _run("SETUP", _compiled(_parsed(setup, "SETUP", "exec"), "SETUP", "exec"), names)
    missing = _missing(tree, names)
    if own:
        _import(tree, missing, names)
        missing = [name for name in missing if name not in names]
    if missing:
        hint = ": --setup can define it" if own else ""
        raise UsageError(f"EXPR: NameError: name {missing[0]!r} is not defined{hint}")
    if isinstance(tree.body, ast.Call):
        call = tree.body
        func = _value(call.func, names)
        args = _value(ast.Tuple(call.args, ast.Load()), names)
        kwargs.update(_value(_keywords(call), names))
        return func, args, kwargs
    nothing = ast.arguments([], [], None, [], [], None, [])
    return _value(ast.Lambda(nothing, tree.body), names), (), kwargs


def clean_up(kwargs: dict[str, Any], cleanup: str) -> None:
    """Run cleanup where setup ran; kwargs: as `prepared_call` returned them."""
    assert isinstance(kwargs, Keywords)
    code = _compiled(_parsed(cleanup, "CLEANUP", "exec"), "CLEANUP", "exec")
    _run("CLEANUP", code, kwargs.names)


def _parsed(text: str, part: Part, mode: Literal["eval", "exec"]) -> ast.AST:
    try:
        return ast.parse(text, f"<{part}>", mode)
    except (SyntaxError, ValueError) as error:  # the latter: a null byte, before 3.12
        raise _usage(part, getattr(error, "msg", str(error)), text) from error


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


def _missing(tree: ast.Expression, names: dict[str, Any]) -> list[str]:
    """Names that nobody defined, told before anything is called."""
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in used if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= names.keys() | vars(builtins).keys()
    return [node.id for node in used if node.id not in bound]


def _import(tree: ast.Expression, missing: list[str], names: dict[str, Any]) -> None:
    """Import those that stand before a dot and are modules, packages' own too."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        name = node.value.id
        if name in missing and name not in names and _is_module(name):
            try:
                names[name] = importlib.import_module(name)
            except ImportError as error:
                raise UsageError(f"EXPR: {type(error).__name__}: {error}") from error


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # one of those that were not found, as __main__
        return False


def _usage(part: Part, problem: str, text: str) -> UsageError:
    return UsageError(f"{part}: {problem}: {text.strip()!r}")
