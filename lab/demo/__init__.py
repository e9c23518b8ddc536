"""The guided tour: plays in a child process, shown on a terminal."""
