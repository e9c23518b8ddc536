"""What the operating system gives: files written whole, child processes."""
