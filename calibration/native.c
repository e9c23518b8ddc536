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

double sum_squares(const double *values, ptrdiff_t n)
{
    double s[8] = {0};
    ptrdiff_t i, whole = n - n % 8;
    for (i = 0; i < whole; i += 8)
        for (int k = 0; k < 8; k++)
            s[k] += values[i + k] * values[i + k];
    for (; i < n; i++)
        s[0] += values[i] * values[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}
