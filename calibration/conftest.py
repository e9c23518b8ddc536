"""What the calibration shares with the experiments: how a record is taken and kept."""

from experiments.conftest import (
    pytest_benchmark_update_json,
    pytest_configure,
    record,
    switch_interval,
)

__all__ = [
    "pytest_benchmark_update_json",
    "pytest_configure",
    "record",
    "switch_interval",
]
