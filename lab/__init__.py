"""Does this call release the GIL? Experiments and instruments that measure it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.magics import Shell
    from lab.probing import Probe, probe
    from lab.scope import Scope, ScopeUnavailable
    from lab.trace import Trace

__all__ = ["Probe", "Scope", "ScopeUnavailable", "Trace", "probe"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import lab` stays light."""
    places = {
        "Probe": "lab.probing",
        "Scope": "lab.scope",
        "ScopeUnavailable": "lab.scope",
        "Trace": "lab.trace",
        "probe": "lab.probing",
    }
    if name not in places:
        raise AttributeError(f"module 'lab' has no attribute {name!r}")
    # The module is lab.probing, so that importing it cannot hide lab.probe.
    value = getattr(import_module(places[name]), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: "Shell") -> None:
    """`%load_ext lab`: %gil and %%gil."""
    from lab.magics import load

    load(shell)


def unload_ipython_extension(shell: "Shell") -> None:
    """`%unload_ext lab`."""
    from lab.magics import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
