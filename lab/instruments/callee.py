"""What an instruction calls, as the source says."""

import ast
import dis
import linecache
from itertools import islice
from types import CodeType

# Cut longer ones, such as a chain of calls over several lines.
MOST_CHARACTERS = 60
_NOTHING = compile("0", "", "eval")
# From 3.14 on the first call imports what it needs: that is now, as later the program
# that is watched may have no sys.path any more.
ast.unparse(ast.Constant(0))
_NOP = bytes([_NOTHING.co_code[0], 0])  # RESUME, which does nothing either

# With the names of instructions that the interpreter makes itself, to be faster.
_NAMES: list[str] = getattr(dis, "_all_opname", dis.opname)


def is_call(opcode: int) -> bool:
    """Whether the instruction of this number calls; False for -1, not known."""
    name = _NAMES[opcode] if 0 <= opcode < len(_NAMES) else ""
    # On 3.11 a specialised PRECALL calls what is written in C.
    name = name.removeprefix("INSTRUMENTED_").removeprefix("PRE")
    return name.startswith("CALL") and not name.startswith("CALL_INTRINSIC")


def callee(file: str, table: bytes, first_line: int, unit: int) -> str:
    """The function that instruction number `unit` calls, such as "json.loads"; "" where
    it is no call or the source is not to be had.

    table, first_line: of its code object (co_linetable, co_firstlineno).
    """
    try:
        code: CodeType = _NOTHING.replace(
            co_linetable=table,
            co_firstlineno=first_line,
            co_code=_NOP * (unit + 1),
        )
        line, end_line, begin, end = next(islice(code.co_positions(), unit, None))
    except (ValueError, StopIteration):
        return ""
    if line is None or end_line is None or begin is None or end is None:
        return ""
    lines = [text.encode() for text in linecache.getlines(file)[line - 1 : end_line]]
    if len(lines) != end_line - line + 1:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    try:
        found = ast.parse(b"".join(lines).decode(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if not isinstance(found, ast.Call):
        return ""
    name = ast.unparse(found.func)
    return name if len(name) <= MOST_CHARACTERS else f"...{name[-MOST_CHARACTERS:]}"
