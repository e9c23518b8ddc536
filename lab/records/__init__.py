"""What was measured: frozen records, their files, and what holds of them."""
