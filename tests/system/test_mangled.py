"""Names of C++ functions, of which the compiler has made symbols."""

import ctypes

import pytest

from lab.system import mangled

NAMES = {
    "_ZNSt6thread4joinEv": "std::thread::join",
    "_ZlsRSoi": "operator<<",
    "_ZNK3FoocvPKcEv": "Foo::operator char const*",
    "_ZN12_GLOBAL__N_14workEi": "work",
    # void a::b<void (a::f)>::c<g(h&)::{lambda(a::f)#2}>(long)
    "_ZN1a1bIFvNS_1fEEE1cIZ1gR1hEUlS1_E0_EEvl": "a::b::c",
    "_Zxx": "_Zxx",
    "usleep": "usleep",
}


def _has_cxx() -> bool:
    try:
        ctypes.CDLL("libstdc++.so.6")
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_cxx(), reason="no libstdc++ here")
@pytest.mark.parametrize("symbol", NAMES)
def test_they_are_told_as_people_write_them(symbol: str) -> None:
    assert mangled.demangled(symbol) == NAMES[symbol]


def test_where_there_is_no_cxx_the_symbol_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_: str) -> None:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert mangled.demangled("_ZlsRSoi") == "_ZlsRSoi"
