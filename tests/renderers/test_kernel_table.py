"""A row a kernel, and its bars."""

from lab.renderers import kernel_table
from lab.verdicts.run import Judged, kernels
from tests.printed import printed


def test_a_row_a_kernel(whole: Judged) -> None:
    lines = printed(whole)
    (row,) = (line for line in lines if line.startswith("mandelbrot"))
    held, released, bytecode = (
        one for one in kernels(whole)["mandelbrot"] if one.speedup is not None
    )
    for found in (held, released, bytecode):
        assert found.speedup is not None
        assert f"{found.speedup.median:.2f} " in row
    assert "1.97 #### 100    -" in row
    assert row.rstrip().endswith("ok only released")
    assert sum(line.startswith("  ") and "% free" in line for line in lines) == 3
    assert any(line.startswith("  numpy") for line in lines)
    start = next(at for at, line in enumerate(lines) if line.startswith("N: "))
    assert lines[start + 2].strip() == ""  # a legend of two lines


def test_bars() -> None:
    assert [kernel_table.bar(part, 4, False) for part in (-1, 0.5, 2)] == [
        *("....", "##..", "####")
    ]
    assert kernel_table.bar(0.5 / 4 + 0.5, 4, True) == "██▌·"
    assert kernel_table.bar(1, 4, True) == "████"
