"""Does this call release the GIL? Experiments and instruments that measure it."""
