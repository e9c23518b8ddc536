"""A row of the catalogue: its twins and their calls."""

import pytest

from lab.calls.kernel import Kernel, bytecode, each, held, released
from lab.records.race import Bound, Claim


def _power(base: int, exponent: int = 2) -> int:
    return int(base**exponent)


def test_each_thread_has_arguments_of_its_own() -> None:
    made: list[list[int]] = []

    def arguments() -> tuple[list[int]]:
        made.append([])
        return (made[-1],)

    with each(lambda one: one.append(1), arguments)(3) as calls:
        for call in calls:
            call.run()
    assert made == [[1], [1], [1]]
    assert len({id(one) for one in made}) == 3


def test_the_size_of_the_work_can_be_chosen_where_it_is_a_parameter() -> None:
    twin = held(_power, lambda size: (size, 3))
    with twin.workload(1) as (call,):
        assert call.run() == 1
    with twin.sized(2).workload(1) as (call,):
        assert call.run() == 8
    assert twin.sized(None) is twin
    fixed = held(_power, lambda: (5,))
    assert fixed.scale is None
    assert fixed.sized(7) is fixed


def test_a_twin_is_found_by_its_name() -> None:
    twins = (
        held(_power, lambda: (1,)),
        released(_power, lambda: (1,), claim=Claim.HELPS_SOME),
        bytecode(_power, lambda: (1,)),
    )
    kernel = Kernel("power", Bound.COMPUTE, twins)
    assert [kernel.twin(one).claim for one in ("held", "released", "interpreter")] == [
        Claim.NO_HELP,
        Claim.HELPS_SOME,
        Claim.NO_HELP,
    ]
    with pytest.raises(StopIteration):
        kernel.twin("none")
