"""Does this call release the GIL? Experiments and instruments that measure it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.commands.magics import Shell
    from lab.instruments.probe import probe
    from lab.instruments.scope import Scope, ScopeUnavailable
    from lab.records.probe import Probe
    from lab.records.trace import Trace

__all__ = ["Probe", "Scope", "ScopeUnavailable", "Trace", "probe"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import lab` stays light."""
    places = {
        "Probe": "lab.records.probe",
        "Scope": "lab.instruments.scope",
        "ScopeUnavailable": "lab.instruments.scope",
        "Trace": "lab.records.trace",
        "probe": "lab.instruments.probe",
    }
    if name not in places:
        raise AttributeError(f"module 'lab' has no attribute {name!r}")
    # The module is lab.instruments.probe, so that importing it cannot hide lab.probe.
    value = getattr(import_module(places[name]), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: "Shell") -> None:
    """`%load_ext lab`: %gil, %%gil and %%gil_race."""
    from lab.commands.magics import load

    load(shell)


def unload_ipython_extension(shell: "Shell") -> None:
    """`%unload_ext lab`."""
    from lab.commands.magics import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
