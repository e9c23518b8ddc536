/* The compute kernels as a C programmer writes them, to compare speeds with. */

#include <stddef.h>
#include <stdint.h>

void mandelbrot(int32_t *out, ptrdiff_t height, ptrdiff_t width, int32_t max_iter)
{
    for (ptrdiff_t row = 0; row < height; row++) {
        double c_im = -1.25 + 2.5 * row / height;
        for (ptrdiff_t column = 0; column < width; column++) {
            double c_re = -2.0 + 2.5 * column / width;
            double z_re = 0, z_im = 0, re2 = 0, im2 = 0;
            int32_t steps = 0;
            while (steps < max_iter && re2 + im2 <= 4.0) {
                z_im = 2.0 * z_re * z_im + c_im;
                z_re = re2 - im2 + c_re;
                re2 = z_re * z_re;
                im2 = z_im * z_im;
                steps++;
            }
            out[row * width + column] = steps;
        }
    }
}

int64_t collatz(int64_t n)
{
    int64_t best = 0;
    int32_t longest = -1;
    for (int64_t start = 1; start < n; start++) {
        int64_t value = start;
        int32_t steps = 0;
        while (value != 1) {
            value = value & 1 ? 3 * value + 1 : value >> 1;
            steps++;
        }
        if (steps > longest) {
            longest = steps;
            best = start;
        }
    }
    return best;
}

double sum_squares(const double *values, ptrdiff_t n, int64_t passes)
{
    double s[8] = {0}, rest = 0;
    ptrdiff_t whole = n - n % 32;
    for (int64_t pass = 0; pass < passes; pass++)
        for (ptrdiff_t i = 0; i < whole; i += 32) {
            const double *v = values + i;
            for (int k = 0; k < 8; k++)
                s[k] += (v[k] * v[k] + v[k + 8] * v[k + 8])
                        + (v[k + 16] * v[k + 16] + v[k + 24] * v[k + 24]);
        }
    for (int64_t pass = 0; pass < passes; pass++)
        for (ptrdiff_t i = whole; i < n; i++)
            rest += values[i] * values[i];
    for (int k = 0; k < 8; k++)
        rest += s[k];
    return rest;
}
