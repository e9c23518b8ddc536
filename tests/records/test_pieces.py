"""Pieces of time, shared, taken away and cut."""

import random

import pytest

from lab.records.pieces import Piece, cut, length, shared, total, without

ONE: list[Piece] = [(0.0, 2.0), (3.0, 5.0)]


@pytest.mark.parametrize(
    ("other", "common", "rest"),
    [
        ([], [], ONE),
        ([(1.0, 4.0)], [(1.0, 2.0), (3.0, 4.0)], [(0.0, 1.0), (4.0, 5.0)]),
        ([(2.0, 3.0)], [], ONE),
        ([(-1.0, 9.0)], ONE, []),
        ([(0.5, 1.0), (1.5, 3.5)], [(0.5, 1.0), (1.5, 2.0), (3.0, 3.5)], None),
    ],
)
def test_shared_and_the_rest(
    other: list[Piece], common: list[Piece], rest: list[Piece] | None
) -> None:
    assert shared(ONE, other) == common
    if rest is not None:
        assert without(ONE, other) == rest
    assert total(shared(ONE, other)) + total(without(ONE, other)) == total(ONE)


def test_cut_where_somebody_got_in() -> None:
    assert cut(ONE, [1.0, 2.5, 3.0]) == [(0.0, 1.0), (1.0, 2.0), (3.0, 5.0)]
    assert cut(ONE, []) == ONE


def test_any_pieces_are_shared_alike_from_either_side() -> None:
    rng = random.Random(1)

    def pieces() -> list[Piece]:
        edges = sorted(rng.sample(range(100), 2 * rng.randint(0, 8)))
        ends = zip(edges[::2], edges[1::2], strict=True)
        return [(float(start), float(end)) for start, end in ends]

    for _ in range(300):
        first, second = pieces(), pieces()
        assert shared(first, second) == shared(second, first)
        assert shared(first, without(first, second)) == without(first, second)
        assert all(length(one) > 0 for one in shared(first, second))
