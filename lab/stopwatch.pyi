from collections.abc import Callable, Mapping
from typing import Any

def timed(
    call: Callable[[], object], before: Callable[[], object] | None = None
) -> tuple[int, int, int, object]: ...
def repeat(
    func: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    times: int,
) -> tuple[int, int]: ...
