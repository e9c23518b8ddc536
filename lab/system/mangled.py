"""Names of C++ functions, as people write them."""

import ctypes
import re

# Arguments and parameters of templates, innermost first: {lambda(int)#1}, <int>, (int).
INNER = re.compile(r"<[^<>]*>|\([^()]*\)|\{[^{}]*\}")


def demangled(symbol: str) -> str:
    """A function's name without its types; the symbol itself where it is none of C++'s,
    or where there is no C++ here to ask."""
    if not symbol.startswith("_Z"):
        return symbol
    try:
        demangle = ctypes.CDLL("libstdc++.so.6").__cxa_demangle
    except (OSError, AttributeError):
        return symbol
    demangle.restype = ctypes.c_void_p
    found = ctypes.c_void_p(demangle(symbol.encode(), None, None, None))
    if not found:
        return symbol
    name = (ctypes.string_at(found) or b"").decode("utf-8", "replace")
    ctypes.CDLL(None).free(found)
    while (shorter := INNER.sub("", name)) != name:
        name = shorter
    name = name.removesuffix(" const").replace("::::", "::").removeprefix("::")
    # Of a template its result stands before.
    return name if "operator " in name else name.rpartition(" ")[2]
