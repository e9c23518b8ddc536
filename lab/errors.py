"""The user's mistakes."""


class UsageError(ValueError):
    """Something the user can mend: one line on stderr, exit 2, no traceback."""

    def _render_traceback_(self) -> list[str]:
        """Nor has it one in IPython, which asks for this."""
        return [f"gil-lab: {self}"]
