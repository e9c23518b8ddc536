"""A twin of the user's, tried and made ready."""

import time
from typing import Any

import pytest

from lab.calls.own import ArgumentsError, Own
from lab.constructions.own_twins import CallPlan, arguments, difference, raceable, tried
from lab.instruments.pilot import CALL_S
from lab.records.race import Bound, Claim


def _own(function: Any, sized: bool = False, args: tuple[Any, ...] = ()) -> Own:
    return Own("f", {"held": function, "released": function}, lambda: args, sized)


def test_a_short_call_is_repeated_until_it_is_long_enough() -> None:
    told: list[str] = []
    plan = tried(_own(len, args=("x",)), "held", 0, told.append)
    assert plan.times > 1
    assert plan.short
    assert told[0] == "len('x')"


def test_a_sized_call_gets_its_size() -> None:
    plan = tried(_own(lambda n: sum(range(n)), sized=True), "held", 0, lambda _: None)
    assert plan.size > 1
    assert not plan.waits


@pytest.mark.slow
def test_a_call_that_sleeps_waits() -> None:
    sleep = _own(time.sleep, args=(20 * CALL_S,))  # long beside a wait for a core
    plan = tried(sleep, "held", 0, lambda _: None)
    assert plan.waits == 1
    kernel = raceable(sleep, "released", plan, True, 3)
    assert kernel.bound is Bound.BLOCKING
    assert kernel.delay_s == plan.wall_ns / 1e9


@pytest.mark.parametrize(
    ("name", "times", "blocks", "claim"),
    [
        ("held", 1, False, Claim.NO_HELP),
        ("released", 1, False, Claim.HELPS),
        ("released", 10**9, False, Claim.TO_CEILING),
        ("alone", 1, False, Claim.TO_CEILING),
        ("interpreter", 1, True, Claim.TO_CEILING),
        ("interpreter", 1, False, Claim.NO_HELP),
    ],
)
def test_what_the_name_claims(
    name: str, times: int, blocks: bool, claim: Claim
) -> None:
    own = Own("f", {name: len}, lambda: ("x",))
    kernel = raceable(own, name, CallPlan(0, times, 10**6, 0), blocks, 3)
    assert kernel.twins[0].claim is claim


def test_arguments_that_raise_say_whose() -> None:
    own = Own("f", {"held": len}, lambda: (1 / 0,))
    with pytest.raises(ArgumentsError, match=r"f_args\(\) raised ZeroDivisionError"):
        arguments(own, 0)


def test_twins_that_disagree_are_told_by_name() -> None:
    same = ("f_held", (1, ([1],)))
    assert difference(same, ("f_released", (1, ([1],)))) == ""
    assert difference(same, ("f_released", (2, ([1],)))) == (
        "f_released returned 2, f_held 1"
    )
    assert "arguments" in difference(same, ("f_released", (1, ([2],))))
