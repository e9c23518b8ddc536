from array import array
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

def timed(
    call: Callable[[], T], before: Callable[[], object] | None = None
) -> tuple[int, int, int, T]: ...
def repeat(
    func: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    times: int,
    progress: array[int] | None = None,
) -> tuple[int, int]: ...
def stamped(
    func: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    times: int,
    progress: array[int] | None = None,
) -> array[int]: ...
