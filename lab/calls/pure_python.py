"""The compute kernels in bytecode: same work, same result, the GIL passed around.

A thread that runs bytecode gives the GIL up when another has waited a switch
interval (Python/ceval_gil.c, take_gil): threads take turns, never run in parallel.
"""

from typing import Any


def mandelbrot(out: Any, max_iter: int) -> None:
    """As kernels.mandelbrot_held. out: int32, shape (height, width)."""
    height, width = out.shape
    for row in range(height):
        c_im = -1.25 + 2.5 * row / height
        for column in range(width):
            c_re = -2.0 + 2.5 * column / width
            z_re = z_im = re2 = im2 = 0.0
            steps = 0
            while steps < max_iter and re2 + im2 <= 4.0:
                z_im = 2.0 * z_re * z_im + c_im
                z_re = re2 - im2 + c_re
                re2 = z_re * z_re
                im2 = z_im * z_im
                steps += 1
            out[row, column] = steps


def collatz(n: int) -> int:
    """As kernels.collatz_held: the start below n with the longest chain."""
    best, longest = 0, -1
    for start in range(1, n):
        value, steps = start, 0
        while value != 1:
            value = 3 * value + 1 if value & 1 else value >> 1
            steps += 1
        if steps > longest:
            best, longest = start, steps
    return best
