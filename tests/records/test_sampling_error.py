"""The interval of a share that was sampled."""

import math
from typing import Any

import numpy as np
import pytest

from lab.records.sampling_error import half_width


def sampled(
    period: float, share: float, pause: float, samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Sample a square wave at random; (error made, half width)."""
    phase = rng.random() * period
    gaps = rng.exponential(pause, samples)
    moments = np.concatenate([[0.0], gaps.cumsum()])
    states = (moments + phase) % period < share * period
    changed = states[1:] != states[:-1]
    spent = float((gaps * (states[1:] * 0.5 + states[:-1] * 0.5)).sum())
    seen = float(moments[-1])
    whole, rest = divmod(seen + phase, period)
    true = whole * share * period + min(rest, share * period)
    true -= min(phase, share * period)
    width = half_width(
        share=spent / seen,
        samples=samples,
        changes=int(changed.sum()),
        change_ns2=float((gaps[changed] ** 2).sum()) / 2,
        seen_ns=seen,
        ran_ns=seen,
        ran_share=spent / seen,
        unseen_ns=0,
        unseen_ns2=0,
        frozen_ns2=0,
    )
    return abs(spent - true) / seen, width


@pytest.mark.parametrize("period", [2.0, 30.0, 150.0, 1000.0, 20000.0])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_interval_covers_and_is_not_idle(period: float, share: float) -> None:
    rng = np.random.default_rng([round(period), round(100 * share)])
    runs = [sampled(period, share, 50.0, 1000, rng) for _ in range(300)]
    assert sum(error <= width for error, width in runs) >= 0.92 * len(runs)
    independent = 1.96 * math.sqrt(2 * share * (1 - share) / 1000)
    assert max(width for _, width in runs) < 2 * independent + 0.003


def test_no_sample_tells_nothing() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ["changes", "change_ns2", "unseen_ns", "unseen_ns2", "frozen_ns2"], 0
    )
    nothing |= {"ran_ns": 1e6, "ran_share": 0.5}
    assert half_width(share=0.5, samples=0, seen_ns=1e6, **nothing) == 1.0
    assert half_width(share=0.5, samples=10, seen_ns=0, **nothing) == 1.0
    for samples in (1, 2, 3):
        few = half_width(share=0.4, samples=samples, seen_ns=1e6, **nothing)
        assert few > 0.5
    sure = half_width(share=0.0, samples=1000, seen_ns=1e6, **nothing)
    assert 0.001 < sure < 0.01
    nothing |= {"unseen_ns": 5e5, "unseen_ns2": 25e10}
    assert half_width(share=0.5, samples=100, seen_ns=5e5, **nothing) > 0.2


@pytest.mark.parametrize("samples", [1, 2, 3, 5])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_few_samples_of_much_time_tell_nothing(samples: int, share: float) -> None:
    """The more is unseen, the less the little that was seen says of it."""
    widths = [
        half_width(
            share=share,
            samples=samples,
            changes=0,
            change_ns2=0,
            seen_ns=2e4 * samples,
            ran_ns=2e4 * samples,
            ran_share=share,
            unseen_ns=unseen_ns,
            unseen_ns2=unseen_ns**2,
            frozen_ns2=0,
        )
        for unseen_ns in (0.0, 1e5, 1e6, 1e8)
    ]
    assert widths == sorted(widths)
    assert widths[0] > 0.5
    assert widths[-1] > 0.9


def test_what_repeats_is_known_where_it_was_not_seen() -> None:
    """Calls of 0.1 ms: of 30 ms unseen, what 100 samples of others show says much."""
    lost: dict[str, Any] = {
        "share": 0.0,
        "samples": 100,
        "changes": 0,
        "change_ns2": 0,
        "seen_ns": 5e6,
        "ran_ns": 5e6,
        "ran_share": 0.0,
        "unseen_ns": 30e6,
        "unseen_ns2": 10 * (3e6) ** 2,
        "frozen_ns2": 0,
    }
    assert half_width(**lost, longest_ns=1e5) < 0.06
    assert half_width(**lost, longest_ns=30e6) == pytest.approx(half_width(**lost))
    assert half_width(**lost) > 0.2


def test_what_was_seen_running_tells_of_what_was_not() -> None:
    """Of a program that sleeps most of the time, and holds the GIL whenever it runs,
    what it ran unseen is known; not so, where it was not seen running."""
    lost: dict[str, Any] = {
        "share": 0.1,
        "samples": 1000,
        "changes": 100,
        "change_ns2": 100 * 0.5 * 1e6**2,
        "seen_ns": 1e9,
        "unseen_ns": 1e9,
        "unseen_ns2": 1000 * 1e6**2,
        "frozen_ns2": 0,
    }
    always = half_width(**lost, ran_ns=1e8, ran_share=1.0)
    now_and_then = half_width(**lost, ran_ns=1e8, ran_share=0.5)
    hardly = half_width(**lost, ran_ns=1e4, ran_share=1.0)
    assert always < now_and_then < hardly
    assert hardly > 0.4
