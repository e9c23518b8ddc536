"""The HTML in a notebook: complete, escaped, and safe from what front ends take out."""

import re
import sys
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from lab.records.probe import Probe
from lab.records.trace import Segment, ThreadTrace, Trace
from lab.renderers import notebook
from tests.jupyter import Html

# What a front end keeps of HTML that it does not trust.
KEPT = {"div", "p", "pre", "span", "img", "strong", "details", "summary"}
KEPT |= {"table", "thead", "tbody", "tr", "th", "td"}
KEPT_STYLES = {
    *("border-left", "color", "cursor", "font-family", "font-size", "font-weight"),
    *("line-height", "margin", "max-width", "overflow-x", "padding", "padding-left"),
    *("text-align", "text-decoration-color", "vertical-align", "white-space"),
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
    text += notebook.paragraph("moral", strong=True)
    text += notebook.folded("a & b", [notebook.table(["a"], [["a < b"]])])
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


@pytest.mark.usefixtures("drawing")
@pytest.mark.parametrize("html", [notebook.seen, lambda it: notebook.probed(PROBE, it)])
def test_a_timeline_once(html: Callable[[Trace], str]) -> None:
    """As an image or, where nothing draws, as text; the figures always."""
    drawn = Html(html(TRACE))
    assert len(drawn.images) == 1
    assert not set(drawn.text) & set("█▄")


def test_text_stands_in_columns() -> None:
    """A front end's own font and lines would tear the bars of a strip apart."""
    texts = [notebook.pre("█▄"), notebook.listing("a.py", [(1, "if a:")])]
    for html in map(Html, texts):
        ((tag, attributes), *_) = html.tags
        assert tag == "pre"
        rules = dict(one.split(": ") for one in (attributes["style"] or "").split("; "))
        assert rules["font-family"] == "monospace"
        assert rules["white-space"] == "pre"
        assert float(rules["line-height"]) >= 1.2  # as high as a block is


def test_lines_left_out_show() -> None:
    lines = [(3, "def f():"), (4, "    a"), (9, "    b")]
    text = Html(notebook.listing("a.py", lines)).text
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["3", "4", "...", "9"]


def test_the_strip_has_the_colours_of_its_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    text = notebook.seen(TRACE)
    strips = [
        re.findall(r'<span style="color: (#......)[^"]*">([█▄·]+)</span>', line)
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


@pytest.mark.slow
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
    assert "As text: a drawing needs vl_convert" in html.text
    assert "pip install 'gil-lab[report]'" in html.text
    assert "█" in html.text
