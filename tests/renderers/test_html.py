"""The page as text: its charts, colours and scripts."""

import json
import re

import pytest

from tests.renderers.browsing import SECTIONS

pytestmark = pytest.mark.slow  # what draws is loaded


def _specs(page: str, section: str) -> list[str]:
    """The charts of a section, as JSON."""
    inside = page.partition(f'<section id="{section}">')[2].partition("</section>")[0]
    parts = inside.split('<script type="application/json">')[1:]
    return [part.partition("</script>")[0] for part in parts]


def test_a_colour_means_one_thing(whole_page: str) -> None:
    """Charts share names only for what is the same; no two names look the same."""
    meant = {
        section: set(
            re.findall(r"var\(--(\w+)\)", " ".join(_specs(whole_page, section)))
        )
        - {"page"}
        for section in SECTIONS[:5]
    }
    twins = {"held", "released", "interpreter", "other"}
    assert meant["picture"] == twins
    assert meant["timelines"] == {"held", "released", "waits", "call"}
    assert meant["responsiveness"] == {"held", "released", "interpreter"}
    assert meant["break-even"] == {"figure1", "figure2"}
    assert meant["handoff"] == set()
    css = whole_page.partition("<style>")[2].partition("</style>")[0]
    names = {*twins, "wants", "ready", "blocked", "waits", "call"}
    names |= {"good", "bad", "open"}
    names |= {f"figure{number}" for number in range(1, 5)}
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    for scheme in schemes:  # by day and by night
        colours = dict(re.findall(r"--(\w+): (#\w{6});", scheme))
        assert names <= set(colours)
        assert len({colours[name] for name in names}) == len(names)


def test_charts_are_json(whole_page: str) -> None:
    assert whole_page.count("<script") == whole_page.count("</script")
    for part in whole_page.split('<script type="application/json">')[1:]:
        json.loads(part.partition("</script>")[0])
