"""The page in a real browser: drawn, reachable, asking nobody for anything."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.records.race import Claim
from lab.records.results import load
from tests.renderers.browsing import RECORDS, SECTIONS, Opened, page_of, whole_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow  # a browser starts
# The width of the widest call that a naive tracer draws in a figure, in pixels.
WIDEST_CALL = """(figure) => Math.max(
    ...[...figure.querySelectorAll('[aria-label*="in the call"]')]
    .map((mark) => mark.getBoundingClientRect().width))"""
INK = "getComputedStyle(document.body).color"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
# Of all text there is: the page's own, and the charts'.
SMALLEST_PX = """Math.min(...[...document.querySelectorAll('main *')]
    .filter((one) => [...one.childNodes].some(
        (part) => part.nodeType === Node.TEXT_NODE && part.data.trim()))
    .filter((one) => !one.closest('script'))
    .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
# Names as a user might choose them, who means no good.
EVIL = "<img src=x onerror=\"document.title='no'\"></script><b>|`"


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_drawn(
    opened: Opened, tmp_path: Path, whole_page: str, width: int, scheme: str
) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert len(whole_page.encode()) < 3e6
    page = opened.open(whole_page, tmp_path)
    for name in SECTIONS:
        assert page.locator(f"#{name}").is_visible(), name
    assert page.locator(".missing").count() == 0
    assert page.locator(".chart").count() == 2 + 5 + 3
    for chart in page.locator(".chart svg").all():
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 100
        assert chart.locator('[role="graphics-symbol"]').count() > 3
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALLEST_PX) >= 14
    colours = page.evaluate(
        "[...document.querySelectorAll('#picture path[aria-label]')]"
        ".map((mark) => getComputedStyle(mark).fill)"
    )
    assert len(set(colours)) >= 3  # the names of colours mean something
    assert all(colour.startswith("rgb") for colour in colours)


def test_the_finding_is_for_the_last_row(
    opened: Opened, tmp_path: Path, whole_page: str
) -> None:
    page = opened.open(whole_page, tmp_path)
    heading = page.locator("h1")
    assert "It is a myth." in heading.inner_text()
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    assert heading.evaluate(size) >= 48
    assert page.locator(".finding").evaluate(size) >= 28
    assert "x on 2 threads" in page.locator(".finding").inner_text()


def test_what_is_open_is_listed_not_drawn(opened: Opened, tmp_path: Path) -> None:
    run = whole_run()
    held = next(race for race in run.races if race.threads == 2)
    races = tuple(
        replace(race, rounds=race.rounds[:1]) if race is held else race
        for race in run.races
    )
    page = opened.open(page_of(replace(run, races=races)), tmp_path)
    points = page.locator("#picture path[aria-label]")
    name = f"{held.kernel} {held.twin}"
    assert page.locator(f'#picture path[aria-label^="{name}, "]').count() == 0
    assert points.count() > 5
    listed = page.locator("#picture .undrawn").inner_text()
    assert f"machine busy: 1 of 1 rounds usable: {name} x2" in listed
    assert "inconclusive" not in "".join(
        points.evaluate_all("(all) => all.map((one) => one.ariaLabel)")
    )
    # Not in the figures of the picture either; with all others in the table.
    page.evaluate(OPEN_ALL)
    assert name not in page.locator("#picture details").first.inner_text()
    assert name.replace(" ", "") in "".join(
        page.locator("#verdicts tbody tr").all_inner_texts()
    ).replace("\t", "")


def test_verdicts_have_a_colour_and_a_mark(opened: Opened, tmp_path: Path) -> None:
    run = whole_run()
    held = next(race for race in run.races if race.threads == 2)
    races = tuple(
        replace(race, claim=Claim.HELPS) if race is held else race for race in run.races
    )
    page = opened.open(page_of(replace(run, races=races)), tmp_path)
    seen = {}
    for name, mark in (
        ("as_predicted", "ok"),
        ("contradicted", "!!"),
        ("inconclusive", "??"),
    ):
        cells = page.locator(f"#verdicts td.{name}")
        assert cells.count() > 0
        assert all(text.startswith(mark) for text in cells.all_inner_texts())
        legend = page.locator(f"#verdicts .reading .{name}")
        assert legend.inner_text() == mark
        colour = "(one) => getComputedStyle(one).color"
        seen[name] = cells.first.evaluate(colour)
        assert legend.evaluate(colour) == seen[name]
    assert len({*seen.values(), page.evaluate(INK)}) == 4
    # What is contradicted stands at the top, and nothing is a myth then.
    told = page.locator("header .contradicted").inner_text()
    assert f"{held.kernel} {held.twin} x2: claimed that threads help" in told
    assert page.locator("h1 strong").count() == 0


def test_a_point_tells_its_call(
    opened: Opened, tmp_path: Path, whole_page: str
) -> None:
    page = opened.open(whole_page, tmp_path)
    mark = page.locator('#picture path[aria-label^="collatz released"]').first
    mark.hover()
    tip = page.locator("#vg-tooltip-element")
    assert "collatz released, by Cython: speedup" in tip.inner_text()
    readout = page.locator("#picture output").first
    assert "threads, GIL-free" in readout.inner_text()


def test_every_point_is_reached_by_keyboard(
    opened: Opened, tmp_path: Path, whole_page: str
) -> None:
    page = opened.open(whole_page, tmp_path)
    figure = page.locator("#picture figure").first
    marks = figure.locator('[role="graphics-symbol"][aria-label]')
    assert figure.locator('[tabindex="0"]').count() == 1  # one stop a chart
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-roledescription')"):
            break
    seen = set()
    for _ in range(marks.count()):
        text = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert figure.locator("output").inner_text() == text
        seen.add(text)
        page.keyboard.press("ArrowRight")
    assert len(seen) == marks.count()


def test_timelines_zoom(opened: Opened, tmp_path: Path, whole_page: str) -> None:
    page = opened.open(whole_page, tmp_path)
    figure = page.locator("#timelines figure").first
    before = figure.evaluate(WIDEST_CALL)
    figure.get_by_role("button", name="Zoom in").press("Enter")
    page.wait_for_function(
        "([one, before]) => (" + WIDEST_CALL + ")(one) > 1.5 * before",
        arg=[figure.element_handle(), before],
    )
    figure.get_by_role("button", name="All").press("Enter")
    page.wait_for_function(
        "([one, before]) => Math.abs((" + WIDEST_CALL + ")(one) - before) < 1",
        arg=[figure.element_handle(), before],
    )


def test_held_looks_parallel_to_the_naive_tracer_only(
    opened: Opened, tmp_path: Path, whole_page: str
) -> None:
    """In the picture itself: holds never side by side, naive calls mostly."""
    page = opened.open(whole_page, tmp_path)
    figure = page.locator("#timelines figure").first
    assert figure.locator(".title").inner_text() == "mandelbrot held"

    def spans(words: str) -> list[tuple[float, float]]:
        boxes = figure.locator(f'[aria-label*="{words}"]').evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect())"
        )
        return [(box["left"], box["right"]) for box in boxes]

    def together(first: str, second: str) -> float:
        return sum(
            max(0.0, min(ends) - max(starts))
            for one in spans(first)
            for other in spans(second)
            for starts, ends in [zip(one, other, strict=True)]
        )

    box = figure.locator("svg").bounding_box()
    assert box is not None
    assert together("thread 1: holds", "thread 2: holds") < 0.05 * box["width"]
    assert together("naive 1: in", "naive 2: in") > 0.4 * box["width"]


def test_names_are_shown_not_run(opened: Opened, tmp_path: Path) -> None:
    run = whole_run()
    races = tuple(replace(race, kernel=EVIL, via=EVIL) for race in run.races)
    series = tuple(replace(one, subject=EVIL, claim=EVIL) for one in run.series)
    lines = tuple(replace(line, kernel=EVIL, twin=EVIL) for line in run.timelines)
    evil = replace(
        run, races=races, series=series, timelines=lines, processor=EVIL, date=EVIL
    )
    page = opened.open(page_of(evil), tmp_path)
    page.locator("#picture path[aria-label]").first.hover()
    page.locator("#vg-tooltip-element").wait_for()
    assert page.title() == "gil-lab: does C help threads?"
    assert page.locator("img").count() == 0
    assert EVIL in page.locator("#verdicts").inner_text()


def test_runs_stand_side_by_side(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(
        page_of(whole_run(), load(RECORDS / "free_threaded.json")), tmp_path
    )
    assert page.locator("h2.run").count() == 2
    assert "GIL off" in page.locator("#verdicts thead").first.inner_text()
    assert page.locator("#picture h3").count() == 2
    row = page.locator("#verdicts tbody tr").first
    assert row.locator("td").count() == 2 * 4
    text = page.locator("#picture").inner_text()
    assert "could not be told: mandelbrot held x2" not in text  # without a GIL it is 1
    # The second has no traces, and says why.
    assert "no GIL" in page.locator("#timelines .missing").inner_text()
    assert "every call stands at 1" in text


def test_prints_on_white(opened: Opened, tmp_path: Path, whole_page: str) -> None:
    opened.page.emulate_media(color_scheme="dark")
    page = opened.open(whole_page, tmp_path)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not page.locator(".zoom").first.is_visible()
    assert page.locator("#picture svg").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_scripts_the_figures_are_there(
    browser: "Browser", tmp_path: Path, whole_page: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(whole_page, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("noscript").count() == 1
    assert page.locator("#verdicts tbody tr").count() > 20
    page.locator("#break-even summary").click()
    assert page.locator("#break-even details table").is_visible()
    context.close()
