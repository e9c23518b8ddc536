"""What the calibration shares with the experiments: how a record is taken and kept."""

from experiments.conftest import (
    known_sizes,
    process,
    pytest_addoption,
    pytest_benchmark_update_json,
    pytest_collection_modifyitems,
    pytest_configure,
    record,
    reporter,
    sizes,
    sizes_before,
    switch_interval,
)

__all__ = [
    "known_sizes",
    "process",
    "pytest_addoption",
    "pytest_benchmark_update_json",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "record",
    "reporter",
    "sizes",
    "sizes_before",
    "switch_interval",
]
