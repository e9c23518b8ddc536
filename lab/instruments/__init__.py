"""What measures a call: scope, probe, knocker, stopwatch, race."""
