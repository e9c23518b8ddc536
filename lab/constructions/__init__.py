"""What experiments are built of."""
