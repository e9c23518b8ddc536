"""Records -> verdicts: pure functions with named thresholds."""
