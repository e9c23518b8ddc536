from collections.abc import Callable

def timed(
    call: Callable[[], object], before: Callable[[], object] | None = None
) -> tuple[int, int, int, object]: ...
