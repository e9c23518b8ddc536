"""Records and verdicts -> something to look at. Renderers decide nothing."""
