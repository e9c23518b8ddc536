from types import TracebackType

from lab.records.trace import Trace

class ScopeUnavailable(RuntimeError): ...  # noqa: N818 - a state, not a mistake

def unavailable() -> str | None: ...

class Scope:
    def __init__(self, interval: float = 20e-6) -> None: ...
    def __enter__(self) -> Scope: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def began_ns(self) -> int: ...
    @property
    def trace(self) -> Trace: ...
