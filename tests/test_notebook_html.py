"""The HTML in a notebook: complete, escaped, and safe from what front ends take out."""

import re
import sys
from base64 import b64decode
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from lab.probing import Probe
from lab.renderers import notebook
from lab.trace import Segment, ThreadTrace, Trace
from tests.jupyter import Html

# What a front end keeps of HTML that it does not trust.
KEPT = {"div", "p", "pre", "span", "img", "strong"}
KEPT_STYLES = {
    *("border-left", "color", "font-size", "font-weight", "line-height", "margin"),
    *("max-width", "overflow-x", "padding-left", "white-space"),
}
NAMES = ("MainThread", "<b>&\"'</b>")
PROBE = Probe("held", 0.01, 0.002, 1.01, 0.2, False, 900, 7, 0.03, "scope")


THREADS = [
    ThreadTrace(name, 10 + place, 0.0, 4.0, 0.25, 0.5, 0.25, 0.01, 0.5)
    for place, name in enumerate(NAMES)
]
SEGMENTS = (
    Segment(0, "holds", 0.0, 1.0),
    Segment(0, "runs_free", 1.0, 3.0),
    Segment(0, "waits", 3.0, 4.0),
    Segment(1, "waits", 0.0, 1.0),
    Segment(1, "holds", 1.0, 2.0),
)
TRACE = Trace(
    *("3.13.0", 4.0, 20e-6, 1000, 3, 0.5, 0.02, 0.5, 0.375, 0.125),
    *(tuple(THREADS), 0, SEGMENTS, 0.0),
)


@pytest.fixture(scope="module")
def drawing() -> None:
    """Before any test looks: what draws opens its descriptors once, and keeps them."""
    pytest.importorskip("altair", reason="the timeline needs altair")
    pytest.importorskip("vl_convert", reason="the timeline needs vl-convert-python")
    notebook.timeline(TRACE)


def _svg(html: Html) -> str:
    (image,) = html.images
    head, _, data = (image["src"] or "").partition(",")
    assert head == "data:image/svg+xml;base64"
    return b64decode(data).decode()


@pytest.mark.usefixtures("drawing")
def test_nothing_that_an_untrusted_notebook_loses() -> None:
    text = notebook.seen(TRACE, "a < note") + notebook.probed(PROBE, TRACE)
    text += notebook.listing("a.py", [(1, "if a < b:"), (2, "    pass")])
    html = Html(text)
    assert {tag for tag, _ in html.tags} == KEPT
    for _, attributes in html.tags:
        assert set(attributes) <= {"style", "alt", "src"}
        style = attributes.get("style") or ""
        rules = dict(rule.split(": ") for rule in style.split("; ") if rule)
        assert set(rules) <= KEPT_STYLES
        assert "var(" not in style
    assert "a < note" in html.text


def test_the_verdict_first_and_all_figures() -> None:
    html = Html(notebook.probed(PROBE, None))
    assert html.text.startswith("held: the call keeps the GIL")
    for line in str(PROBE).splitlines():
        assert line in html.text
    doubtful = replace(PROBE, verdict="inconclusive", reason="too few samples: 3")
    assert "too few samples: 3" in Html(notebook.probed(doubtful, None)).text


def test_the_strip_has_the_colours_of_its_states() -> None:
    text = notebook.seen(TRACE)
    strips = [
        re.findall(r'<span style="color: (#......)">([█▄·]+)</span>', line)
        for line in text.splitlines()
        if "█" in line
    ]
    assert [[marks[0] for _, marks in strip] for strip in strips] == [
        ["█", "▄", "·"],
        ["·", "█"],
        ["█", "▄", "·"],  # the legend
    ]
    colours = {(marks[0], colour) for strip in strips for colour, marks in strip}
    assert len(colours) == len({colour for _, colour in colours}) == 3
    for _, colour in colours:
        for page in ("#ffffff", "#111111"):
            assert _contrast(colour, page) >= 3


def _contrast(one: str, other: str) -> float:
    """WCAG 2.1's, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.usefixtures("drawing")
def test_the_timeline_is_an_image_that_needs_nothing_else() -> None:
    html = Html(notebook.seen(TRACE))
    svg = _svg(html)
    root = ElementTree.fromstring(svg)
    assert int(root.attrib["width"]) > notebook.CHART_PX
    texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(NAMES) <= texts
    for colour in re.findall(r"var\((--\w+)\)", svg):
        assert svg.count(f"{colour}: #") == 2  # by day and by night
    assert "--held" in svg
    assert not re.findall(r"https?://(?!www\.w3\.org/)|<script|@import|url\(http", svg)
    alternative = html.images[0]["alt"] or ""
    assert f"{NAMES[1]}: holds the GIL 25%, runs free 50%, waits 25%" in alternative


@pytest.mark.usefixtures("drawing")
def test_a_long_trace_is_a_small_image() -> None:
    edges_s = [place * 4 / 50_000 for place in range(50_001)]
    many = tuple(
        Segment(0, "holds" if place % 2 else "runs_free", start_s, end_s)
        for place, (start_s, end_s) in enumerate(pairwise(edges_s))
    )
    html = notebook.seen(replace(TRACE, segments=many))
    assert len(html) < 200_000


def test_without_what_draws_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = Html(notebook.probed(PROBE, TRACE))
    assert html.images == []
    assert "No timeline: it needs vl_convert" in html.text
    assert "pip install 'gil-lab[report]'" in html.text
    assert "█" in html.text
