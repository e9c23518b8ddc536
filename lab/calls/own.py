"""A module of the user's -> the kernels in it, found by the names of its functions.

NAME_held, NAME_released and NAME_interpreter are twins, NAME_args() returns the
arguments of their calls as a tuple. Any other function stands alone.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from lab.calls.compiled import compiled, load
from lab.calls.expression import prepared_call
from lab.errors import UsageError

TWINS = ("held", "released", "interpreter")
# The name of a function's twin that has none.
ALONE = "alone"
# What a parameter is called whose size the lab may choose.
SIZE = "n"

Function = Callable[..., Any]


class ArgumentsError(Exception):
    """The arguments of a call cannot be built: a line that says why."""


@dataclass(frozen=True, slots=True)
class Own:
    """A kernel of the user's."""

    name: str
    """What its functions' names begin with."""
    functions: dict[str, Function]
    """By the name of the twin, in the order of TWINS."""
    arguments: Callable[[], tuple[Any, ...]]
    """Builds those of one call; may raise anything. Not called in the cases below."""
    sized: bool = False
    """Whether they are one number, which the lab chooses."""
    unknown: str = ""
    """The parameters for which nobody gave arguments, where there are any."""


def loaded(target: str, before: Callable[[], None]) -> tuple[ModuleType, str]:
    """Import what the user named, a .pyx, .py or module; and what is to be told of it.

    before: called when it is compiled, right before its code runs. Raises what that
    raises, UsageError and CompileError.
    """
    path = Path(target)
    if path.suffix not in (".pyx", ".py"):
        before()
        return importlib.import_module(target), ""
    path = path.resolve()
    sys.path.insert(0, str(path.parent))
    if path.suffix == ".pyx":
        product, told = compiled(path)
        before()
        return _with_bytecode(load(path.stem, product), path), told
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before()
    sys.modules[path.stem] = module  # as pickle and dataclasses expect
    spec.loader.exec_module(module)
    return module, ""


def found(module: ModuleType) -> list[Own]:
    """The kernels in a module, in the order in which they are written."""
    public = dict(_public(module))
    twins: dict[str, dict[str, Function]] = {}
    for name, function in public.items():
        base, _, twin = name.rpartition("_")
        if base and twin in TWINS:
            twins.setdefault(base, {})[twin] = function
    kernels = []
    for name, function in public.items():
        base, _, last = name.rpartition("_")
        if base in twins and last in TWINS:
            by_name = twins.pop(base)
            functions = {twin: by_name[twin] for twin in TWINS if twin in by_name}
        elif base and (last == "args" or last in TWINS):
            continue
        elif getattr(function, "__module__", None) == module.__name__:
            base, functions = name, {ALONE: function}
        else:
            continue
        first = next(iter(functions.values()))
        kernels.append(_own(base, functions, first, public.get(f"{base}_args")))
    return kernels


def pair(held: str, released: str, arguments: str | None) -> Own:
    """Two functions by their dotted names; arguments as written between brackets.

    UsageError where one of them is not there.
    """
    names = held, released
    functions = {}
    for twin, dotted in zip(TWINS, names, strict=False):
        module, _, name = dotted.rpartition(".")
        if not module or not all(part.isidentifier() for part in dotted.split(".")):
            raise UsageError(f"--pair: {dotted}: expected package.function")
        function = getattr(importlib.import_module(module), name, None)
        if not callable(function):
            raise UsageError(f"--pair: {module} has no function {name}")
        functions[twin] = function
    short = [re.sub("_(held|released)$", "", dotted) for dotted in names]
    short = [dotted.rpartition(".")[2] for dotted in short]
    found = _own("/".join(dict.fromkeys(short)), functions, functions["held"], None)
    if arguments is None:
        return found

    def build() -> tuple[Any, ...]:
        try:
            _, args, kwargs = prepared_call(f"print({arguments})")
        except UsageError as error:
            told = str(error).replace("EXPR", "--args", 1)
            told = told.replace(f"print({arguments})", arguments)
            raise ArgumentsError(told) from None
        if kwargs:
            raise ArgumentsError("--args: by position only, as in 'data, 6'")
        return args

    return replace(found, arguments=build, sized=False, unknown="")


def _public(module: ModuleType) -> Iterator[tuple[str, Function]]:
    for name, value in vars(module).items():
        if not name.startswith("_") and callable(value) and not isinstance(value, type):
            yield name, value


def _own(
    name: str,
    functions: dict[str, Function],
    first: Function,
    maker: Function | None,
) -> Own:
    if maker is not None:

        def build() -> tuple[Any, ...]:
            args: Any = maker()
            if not isinstance(args, tuple):
                raise ArgumentsError(
                    f"{name}_args() returned {type(args).__name__}, expected a tuple, "
                    "as in: return (data,)"
                )
            made: tuple[Any, ...] = args
            return made

        return Own(name, functions, build)
    try:
        parameters = list(inspect.signature(first).parameters.values())
    except (TypeError, ValueError):  # C that does not tell
        wanted = "..."
    else:
        needed = [
            one
            for one in parameters
            if one.default is one.empty
            and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        ]
        if not needed:
            return Own(name, functions, tuple)
        if [one.name for one in needed] == [SIZE] and (
            needed[0].kind is not inspect.Parameter.KEYWORD_ONLY
        ):
            return Own(name, functions, tuple, sized=True)
        wanted = ", ".join(one.name for one in needed)
    return Own(name, functions, tuple, unknown=wanted)


def made_by(function: Function) -> str:
    """What makes the call: Python, Cython or other C."""
    if isinstance(function, FunctionType):
        return "Python"
    return "Cython" if "cython" in type(function).__name__ else "C"


def _with_bytecode(module: ModuleType, source: Path) -> ModuleType:
    """With each NAME_interpreter as bytecode: Cython has made C of those in a .pyx.

    SyntaxError where one of them is no Python.
    """
    lines = source.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        match = re.match(r"def (\w+_interpreter)\(", line)
        if match is None:
            continue
        end = at + 1
        while end < len(lines) and (lines[end][:1] in ("", " ", "\t", "#", ")")):
            end += 1
        block = "\n" * at + "\n".join(lines[at:end])
        try:
            code = compile(ast.parse(block, source.name), source.name, "exec")
        except SyntaxError as error:
            error.msg = f"{match[1]} is to be plain Python: {error.msg}"
            raise
        exec(code, vars(module))
    return module
