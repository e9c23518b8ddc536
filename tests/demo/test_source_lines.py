"""What is cut from a source is what stands there, or an error."""

from pathlib import Path

import pytest

from lab.demo import source_lines
from lab.demo.source_lines import SourceChangedError, cut, cut_function

ROOT = Path(__file__).parents[2]

SOURCE = '''\
cdef int _core(int n) noexcept nogil:
    return n


def _core_held(n):
    """Not with nogil here."""
    return _core(n)

def longer(
    first,
    second,
) -> None:
    first()

    second()


class Box:
    def inside(self):
        return 1

    def after(self):
        return 2
'''


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(source_lines, "LAB", tmp_path)
    (tmp_path / "some.pyx").write_text(SOURCE)
    return "some.pyx"


def test_head_and_marked_lines(file: str) -> None:
    found = cut(file, "_core_held", "_core(")
    assert found.file == "lab/some.pyx"
    assert found.lines == ((5, "def _core_held(n):"), (7, "    return _core(n)"))


def test_the_head_may_take_several_lines(file: str) -> None:
    assert cut(file, "longer", "second()").lines[1] == (15, "    second()")


def test_a_cdef_and_a_method(file: str) -> None:
    assert cut(file, "_core", "return").lines[0][0] == 1
    found = cut(file, "inside", "return")
    assert found.lines == ((19, "def inside(self):"), (20, "    return 1"))


@pytest.mark.parametrize(
    ("function", "mark"),
    [
        ("gone", "return"),  # no such function
        ("inside", "return 2"),  # in the next function
        ("_core_held", "with nogil:"),  # no such line
        ("longer", "o"),  # several
    ],
)
def test_what_is_gone_raises(file: str, function: str, mark: str) -> None:
    with pytest.raises(SourceChangedError, match=r"lab/some\.pyx"):
        cut(file, function, mark)


def test_the_lines_of_the_real_files() -> None:
    found = cut("kernels.pyx", "mandelbrot_released", "with nogil:", "_mandelbrot(")
    text = (ROOT / "lab/kernels.pyx").read_text().splitlines()
    assert [line.strip() for _, line in found.lines] == [
        text[number - 1].strip() for number, _ in found.lines
    ]
    assert found.lines[1][1] == "    with nogil:"
    assert found.lines[2][1].startswith(" " * 8)  # inside it


def test_a_function_of_this_python() -> None:
    found = cut_function(Path.read_bytes, "open(", "return ")
    assert found.file.startswith("pathlib")
    assert found.lines[0][1].startswith("def read_bytes(self")
    assert found.lines[2][1].endswith("return f.read()")


def test_a_function_without_source() -> None:
    with pytest.raises(SourceChangedError, match="no source"):
        cut_function(len, "x")
