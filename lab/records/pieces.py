"""Pieces of time: lists in order, each piece apart from the next."""

import math
from itertools import pairwise

# Begin and end, in seconds.
Piece = tuple[float, float]


def shared(first: list[Piece], second: list[Piece]) -> list[Piece]:
    """What two lists of pieces in order, each apart from the next, have in common."""
    found, place = [], 0
    for start, end in first:
        while place < len(second) and second[place][1] <= start:
            place += 1
        one = place
        while one < len(second) and second[one][0] < end:
            common = max(start, second[one][0]), min(end, second[one][1])
            if common[0] < common[1]:
                found.append(common)
            one += 1
    return found


def without(first: list[Piece], second: list[Piece]) -> list[Piece]:
    """What is left of the first list."""
    edges = [(-math.inf, -math.inf), *second, (math.inf, math.inf)]
    return shared(first, [(a[1], b[0]) for a, b in pairwise(edges) if a[1] < b[0]])


def cut(pieces: list[Piece], cuts: list[float]) -> list[Piece]:
    """The same pieces, ending where somebody got in."""
    edges = [-math.inf, *cuts, math.inf]
    return shared(pieces, list(pairwise(edges)))


def length(piece: Piece) -> float:
    return piece[1] - piece[0]


def total(pieces: list[Piece]) -> float:
    return sum(map(length, pieces))
