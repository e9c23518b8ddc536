"""The user's mistakes."""


class UsageError(ValueError):
    """Something the user can mend: one line on stderr, exit 2, no traceback."""
