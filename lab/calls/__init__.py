"""What can be called: kernels' twins, libc, own expressions, known doses."""
