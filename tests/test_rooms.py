"""The rooms of lab/ and what each may import: those before it, and its own files."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LAB = TESTS.parent / "lab"
# From the ground floor up. A file beside the folders counts as the room named here.
ROOMS = (
    "errors",
    "system",
    "records",
    "calls",
    "instruments",
    "constructions",
    "catalogue",
    "verdicts",
    "renderers",
    "demo",
    "commands",
    "cli",
)
ROOM_OF = {"kernels": "calls", "__main__": "cli", "pytest_plugin": "commands"}
# lab/__init__.py gives out names of many rooms, each imported when it is asked for.
FRONT = "__init__"

Modules = dict[str, Path]


def _modules() -> Modules:
    """Every module of the lab by its dotted name, compiled ones by their sources."""
    found = {}
    for path in sorted(LAB.rglob("*")):
        if path.suffix in {".py", ".pyx", ".pxd"}:
            parts = path.relative_to(LAB).with_suffix("").parts
            if parts[-1] == "__init__" and len(parts) > 1:
                parts = parts[:-1]
            found[f"{'.'.join(parts)}{'.pxd' if path.suffix == '.pxd' else ''}"] = path
    return found


def _imports(path: Path, modules: Modules) -> Iterator[str]:
    """What a file imports of the lab's, in functions and for types alone included."""
    if path.suffix != ".py":
        for package, names in re.findall(
            r"(?m)^\s*from lab(?:\.([\w.]+))? c?import (\([^)]*\)|.+)", path.read_text()
        ):
            yield from _resolved(package, re.findall(r"\w+", names), modules)
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == (
            "lab"
        ):
            package = (node.module or "").partition(".")[2]
            names = [alias.name for alias in node.names]
            yield from _resolved(package, names, modules)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                package, _, rest = alias.name.partition(".")
                if package == "lab":
                    yield from _resolved("", [rest] if rest else [FRONT], modules)


def _resolved(package: str, names: list[str], modules: Modules) -> Iterator[str]:
    for name in names:
        inner = f"{package}.{name}".strip(".")
        found = inner if inner in modules else package or FRONT
        if found not in modules and f"{found}.pxd" in modules:
            found += ".pxd"
        assert found in modules, f"{package} has no {name}"
        yield found


def _room(module: str) -> str:
    first = module.split(".")[0]
    return ROOM_OF.get(first, first)


MODULES = _modules()


@pytest.mark.parametrize("module", sorted(set(MODULES) - {FRONT}))
def test_a_file_imports_from_its_own_room_and_those_below(module: str) -> None:
    floor = ROOMS.index(_room(module))
    above = {
        other
        for other in _imports(MODULES[module], MODULES)
        if other == FRONT or ROOMS.index(_room(other)) > floor
    }
    assert not above, f"{module} is of {_room(module)}"


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {
        module: set(_imports(path, MODULES)) - {module}
        for module, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_every_room_says_what_it_is_for() -> None:
    folders = {path.parent.name for path in LAB.glob("*/__init__.py")}
    assert folders <= set(ROOMS)
    for folder in folders:
        assert ast.get_docstring(ast.parse((LAB / folder / "__init__.py").read_text()))


def _does_something(path: Path) -> bool:
    """Whether there is a function in it: declarations alone are tested with those who
    use them."""
    if path.suffix == ".py":
        tree = ast.parse(path.read_text())
        return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))
    return path.suffix == ".pyx"


@pytest.mark.parametrize(
    "module", sorted(name for name, path in MODULES.items() if _does_something(path))
)
def test_a_module_has_its_tests_in_the_same_place(module: str) -> None:
    *folders, name = module.split(".")
    name = "lab" if name == FRONT else name.strip("_")
    tests = TESTS.joinpath(*folders, f"test_{name}.py")
    assert tests.is_file(), f"no {tests.relative_to(TESTS.parent)}"
    assert re.search(r"(?m)^def test_", tests.read_text())
