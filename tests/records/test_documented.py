"""Every field of a record says what it is, below it."""

import ast
from pathlib import Path

import pytest

RECORDS = Path(__file__).parents[2] / "lab/records"


@pytest.mark.parametrize(
    "path", sorted(RECORDS.glob("*.py")), ids=lambda path: path.stem
)
def test_every_field_is_documented(path: Path) -> None:
    for kind in ast.walk(ast.parse(path.read_text())):
        if not isinstance(kind, ast.ClassDef) or kind.name.startswith("_"):
            continue
        for field, after in zip(kind.body, [*kind.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(
                field
            ):
                said = isinstance(after, ast.Expr) and isinstance(
                    after.value, ast.Constant
                )
                assert said, f"{kind.name}: {ast.unparse(field)}"
