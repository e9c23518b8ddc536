"""What the measurements run on: interpreter, GIL, cores."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.records.codec import Positive
from lab.records.harmless import Harmless

# Fewer cores than this cannot show two threads running at once.
TWO_CORES = 1.8


@dataclass(frozen=True, slots=True)
class Machine(Harmless):
    """The conditions of a run when it started."""

    python: str
    """Version of the interpreter, such as "3.13.0"."""
    implementation: str
    """Such as "CPython"."""
    free_threaded_build: bool
    """Whether the interpreter can run without a GIL."""
    gil: bool
    """Whether it has a GIL now."""
    cores: Positive
    """What this process may use at once; a fraction under a cgroup quota."""
    switch_interval_s: Positive
    """sys.getswitchinterval()."""
    system: str
    """Operating system and kind of processor."""

    @classmethod
    def here(cls) -> "Machine":
        """Read from this process."""
        return cls(
            python=platform.python_version(),
            implementation=platform.python_implementation(),
            free_threaded_build="free-threading" in sys.version,
            gil=gil_enabled(),
            cores=usable_cores(),
            switch_interval_s=sys.getswitchinterval(),
            system=f"{platform.system()} {platform.machine()}",
        )


def gil_enabled() -> bool:
    """Whether this interpreter has a GIL now; an import may switch it back on.

    sys._is_gil_enabled, CPython 3.13 and newer; every older one has a GIL.
    """
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def usable_cores(root: Path = Path("/")) -> float:
    """Cores this process may use at once: its affinity, cut by a cgroup quota.

    root: where /proc and /sys are found.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = float(len(os.sched_getaffinity(0)))
    else:
        cores = float(os.cpu_count() or 1)
    return min([cores, *_quotas(root)])


def worth(threads: int, root: Path = Path("/")) -> float:
    """How many times as much as the fastest core so many threads can compute, at least.

    SMT siblings share one core's units: what the second adds is not counted, as it
    may be next to nothing. Small cores count by their capacity, or their highest
    clock where the system has no capacities. A quota cuts the whole.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    folder = root / "sys/devices/system/cpu"
    speeds: dict[str, float] = {}
    for cpu in allowed:
        core = _text(folder / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu)
        speeds[core] = max(speeds.get(core, 0.0), _speed(folder / f"cpu{cpu}"))
    fastest = max(speeds.values(), default=0.0)
    if not fastest:
        return min(float(threads), usable_cores(root))
    ordered = sorted((speed / fastest for speed in speeds.values()), reverse=True)
    return min([sum(ordered[:threads]), *_quotas(root)])


def _speed(cpu: Path) -> float:
    """Of one core, in a unit that is the same for all; 1 where it is not known."""
    for name in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        text = _text(cpu / name)
        if text.isdecimal():
            return float(text)
    return 1.0


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _quotas(root: Path) -> list[float]:
    """CPU quotas, in cores, of this process's cgroup and those above it."""
    quotas = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # version 2: one tree
            top = root / "sys/fs/cgroup"
            names = ["cpu.max"]
        elif "cpu" in controllers.split(","):
            top = root / "sys/fs/cgroup/cpu"
            names = ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
        else:
            continue
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(top):
                break
            try:
                words = " ".join(_text(folder / name) for name in names).split()
                quota_us, period_us = int(words[0]), int(words[1])
            except (ValueError, IndexError):  # absent, or "max": no quota
                continue
            if quota_us > 0 and period_us > 0:
                quotas.append(quota_us / period_us)
    return quotas
