"""Usable cores: affinity, cut by either version of cgroups."""

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.records.machine import Machine, usable_cores, worth


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 4),
        ({"proc/self/cgroup": "0::/a/b\n"}, 4),
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
            4,
        ),
    ],
)
def test_usable_cores(
    tmp_path: Path,
    files: dict[str, str],
    expected: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    four = set(range(4))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: four, raising=False)
    assert usable_cores(_tree(tmp_path, files)) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_affinity_counts() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() <= 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "getswitchinterval", lambda: 0.25)
    machine = Machine.here()
    assert machine.switch_interval_s == 0.25
    assert machine.python.startswith("{}.{}.{}".format(*sys.version_info))
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    assert machine.free_threaded_build is free_threaded
    assert machine.gil or free_threaded
    assert machine.cores > 0


def _cores(
    root: Path, siblings: list[str], name: str = "", speeds: Sequence[int] = ()
) -> Path:
    """A tree of so many CPUs: each one's SMT siblings, and a file with its speed."""
    folder = "sys/devices/system/cpu"
    files = {
        f"{folder}/cpu{cpu}/topology/thread_siblings_list": f"{text}\n"
        for cpu, text in enumerate(siblings)
    }
    for cpu, speed in enumerate(speeds):
        files[f"{folder}/cpu{cpu}/{name}"] = f"{speed}\n"
    return _tree(root, files)


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
class TestWorth:
    """What threads can compute, on machines made up as the kernel shows them."""

    @pytest.fixture(autouse=True)
    def four(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)))

    def test_nothing_known(self, tmp_path: Path) -> None:
        assert [worth(n, tmp_path) for n in (1, 2, 4, 8)] == [1, 2, 4, 4]

    def test_smt_siblings_are_one_core(self, tmp_path: Path) -> None:
        tree = _cores(tmp_path, ["0,2", "1,3", "0,2", "1,3"])
        assert [worth(n, tree) for n in (1, 2, 4)] == [1, 2, 2]

    def test_small_cores_by_capacity(self, tmp_path: Path) -> None:
        tree = _cores(tmp_path, ["0", "1", "2", "3"], "cpu_capacity", [512, 1024] * 2)
        assert [worth(n, tree) for n in (1, 2, 4)] == [1, 2, 3]

    def test_small_cores_by_clock(self, tmp_path: Path) -> None:
        clock = "cpufreq/cpuinfo_max_freq"
        tree = _cores(tmp_path, ["0,1", "0,1", "2", "3"], clock, [4, 4, 2, 2])
        assert [worth(n, tree) for n in (1, 2, 4)] == [1, 1.5, 2]

    def test_a_quota_cuts_the_whole(self, tmp_path: Path) -> None:
        tree = _cores(tmp_path, ["0", "1", "2", "3"])
        _tree(
            tree,
            {
                "proc/self/cgroup": "0::/a\n",
                "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            },
        )
        assert [worth(n, tree) for n in (1, 2, 4)] == [1, 1.5, 1.5]
