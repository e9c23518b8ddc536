"""States of threads look different, whoever looks."""

from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")

from lab.renderers.palette import PAGE
from lab.renderers.timeline import DRAWN

# Linear RGB as seen without one kind of cone: Machado, Oliveira, Fernandes 2009.
SIGHT = {
    "trichromacy": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
# From linear RGB to Oklab, in which distance is difference as seen: Ottosson 2020.
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# One can just tell 0.02 apart, side by side.
PLAINLY = 0.1


def _seen(colour: str, sight: np.ndarray) -> np.ndarray:
    part = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    seen: np.ndarray = TO_LAB @ np.cbrt(TO_LMS @ np.clip(sight @ linear, 0, 1))
    return seen


@pytest.mark.parametrize("time", [0, 1], ids=["day", "night"])
@pytest.mark.parametrize("sight", SIGHT)
def test_states_differ_for_the_colour_blind_too(sight: str, time: int) -> None:
    names = [colour.removeprefix("var(--").rstrip(")") for colour, _ in DRAWN.values()]
    assert len(set(names)) == 7
    seen = {name: _seen(PAGE[name][time], SIGHT[sight]) for name in names}
    for one, other in combinations(names, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > PLAINLY, (one, other)
