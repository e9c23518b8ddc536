"""Usable cores: affinity, cut by either version of cgroups."""

import os
import sys
from pathlib import Path

import pytest

from lab.machine import Machine, gil_enabled, usable_cores


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


CPUS = float(len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, CPUS),
        ({"proc/self/cgroup": "0::/a/b\n"}, CPUS),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
                "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "3:memory:/x\n1:cpu,cpuacct:/a\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "25000\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
            },
            0.25,
        ),
        (
            {
                "proc/self/cgroup": "1:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            CPUS,
        ),
    ],
)
def test_usable_cores(tmp_path: Path, files: dict[str, str], expected: float) -> None:
    assert usable_cores(_tree(tmp_path, files)) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_affinity_counts() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() <= 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_here() -> None:
    machine = Machine.here()
    assert machine.gil == gil_enabled()
    assert machine.switch_interval_s == sys.getswitchinterval()
    assert machine.python in sys.version
