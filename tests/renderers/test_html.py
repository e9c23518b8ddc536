"""The page in a real browser: drawn, reachable, asking nobody for anything."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")
playwright = pytest.importorskip("playwright.sync_api", reason="as altair")

from playwright.sync_api import Browser, ConsoleMessage, Page  # noqa: E402

from lab.records.race import Claim  # noqa: E402
from lab.records.results import load  # noqa: E402
from lab.records.run import Run  # noqa: E402
from lab.renderers import html  # noqa: E402
from lab.verdicts.run import judged  # noqa: E402

pytestmark = pytest.mark.slow  # a browser starts

RECORDS = Path(__file__).parents[1] / "data"
SECTIONS = (
    *("picture", "timelines", "break-even", "responsiveness", "handoff"),
    *("verdicts", "about"),
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@pytest.fixture(scope="module")
def whole() -> str:
    """The page of the whole run. What makes it keeps threads and descriptors from
    the first time on, so that is before any test."""
    return _page(_whole())


@pytest.fixture(scope="module")
def browser(whole: str) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium: install it (Debian, Ubuntu: apt install chromium)")
    # Root, as in a container, has no sandbox there.
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        # Some of its processes come with the first page, and stay.
        first = chromium.new_page()
        first.goto("about:blank")
        first.close()
        yield chromium
        chromium.close()


class Opened:
    """A page, and whatever it complained about or asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")

    def open(self, text: str, folder: Path) -> Page:
        path = folder / "a report.html"
        path.write_text(text, encoding="utf-8")
        self.page.goto(path.as_uri())
        charts = self.page.locator(".chart").count()
        for chart in range(charts):
            self.page.locator(".chart").nth(chart).locator("svg").wait_for()
        self.page.wait_for_function(
            "document.querySelectorAll('.chart[data-drawn]').length"
            " === document.querySelectorAll('.chart').length"
        )
        return self.page


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    it = Opened(context.new_page())
    yield it
    context.close()
    assert it.said == []
    assert [url for url in it.asked if not url.startswith("file:")] == []
    assert len(it.asked) <= 1


def _whole() -> Run:
    return load(RECORDS / "whole.json")


def _page(*runs: Run) -> str:
    return html.render([judged(run, f"run {place}") for place, run in enumerate(runs)])


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_drawn(
    opened: Opened, tmp_path: Path, whole: str, width: int, scheme: str
) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert len(whole.encode()) < 3e6
    page = opened.open(whole, tmp_path)
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
    opened: Opened, tmp_path: Path, whole: str
) -> None:
    page = opened.open(whole, tmp_path)
    heading = page.locator("h1")
    assert "It is a myth." in heading.inner_text()
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    assert heading.evaluate(size) >= 48
    assert page.locator(".finding").evaluate(size) >= 28
    assert "x on 2 threads" in page.locator(".finding").inner_text()


def _specs(page: str, section: str) -> list[str]:
    """The charts of a section, as JSON."""
    inside = page.partition(f'<section id="{section}">')[2].partition("</section>")[0]
    parts = inside.split('<script type="application/json">')[1:]
    return [part.partition("</script>")[0] for part in parts]


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("record", ["whole", "simulated_64_cores", "simulated_smt"])
def test_a_point_is_where_a_call_can_be(record: str) -> None:
    """On the axis, and moved to no side of the ceiling that it is not on."""
    run = load(RECORDS / f"{record}.json")
    crowd = tuple(
        replace(race, kernel=f"{race.kernel} {copy}")
        for race in run.races
        if race.threads > 1
        for copy in range(9)
    )
    for spec in _specs(_page(replace(run, races=crowd)), "picture"):
        chart = json.loads(spec)
        ceiling, *_, found = (
            chart["datasets"][layer["data"]["name"]] for layer in chart["layer"]
        )
        limit = max(at["speedup"] for at in ceiling)
        assert len(found) >= 9
        for point in found:
            assert 0 <= point["across"] <= 1
            drawn, true = (
                min(limit, 1 / max(1 - point[key], 1e-9)) for key in ("across", "free")
            )
            if point["speedup"] <= true:
                assert point["speedup"] <= drawn * 1.001
        places = {(point["across"], point["speedup"]) for point in found}
        assert len(places) > len(found) / 9


def test_what_is_open_is_listed_not_drawn(opened: Opened, tmp_path: Path) -> None:
    run = _whole()
    held = next(race for race in run.races if race.threads == 2)
    races = tuple(
        replace(race, rounds=race.rounds[:1]) if race is held else race
        for race in run.races
    )
    page = opened.open(_page(replace(run, races=races)), tmp_path)
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


def test_a_colour_means_one_thing(whole: str) -> None:
    """Charts share names only for what is the same; no two names look the same."""
    meant = {
        section: set(re.findall(r"var\(--(\w+)\)", " ".join(_specs(whole, section))))
        - {"page"}
        for section in SECTIONS[:5]
    }
    twins = {"held", "released", "interpreter", "other"}
    assert meant["picture"] == twins
    assert meant["timelines"] == {"held", "released", "waits", "call"}
    assert meant["responsiveness"] == {"held", "released", "interpreter"}
    assert meant["break-even"] == {"figure1", "figure2"}
    assert meant["handoff"] == set()
    css = whole.partition("<style>")[2].partition("</style>")[0]
    names = {*twins, "waits", "call", "good", "bad", "open"}
    names |= {f"figure{number}" for number in range(1, 5)}
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    for scheme in schemes:  # by day and by night
        colours = dict(re.findall(r"--(\w+): (#\w{6});", scheme))
        assert names <= set(colours)
        assert len({colours[name] for name in names}) == len(names)


def test_verdicts_have_a_colour_and_a_mark(opened: Opened, tmp_path: Path) -> None:
    run = _whole()
    held = next(race for race in run.races if race.threads == 2)
    races = tuple(
        replace(race, claim=Claim.HELPS) if race is held else race for race in run.races
    )
    page = opened.open(_page(replace(run, races=races)), tmp_path)
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


def test_a_point_tells_its_call(opened: Opened, tmp_path: Path, whole: str) -> None:
    page = opened.open(whole, tmp_path)
    mark = page.locator('#picture path[aria-label^="collatz released"]').first
    mark.hover()
    tip = page.locator("#vg-tooltip-element")
    assert "collatz released, by Cython: speedup" in tip.inner_text()
    readout = page.locator("#picture output").first
    assert "threads, GIL-free" in readout.inner_text()


def test_every_point_is_reached_by_keyboard(
    opened: Opened, tmp_path: Path, whole: str
) -> None:
    page = opened.open(whole, tmp_path)
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


def test_timelines_zoom(opened: Opened, tmp_path: Path, whole: str) -> None:
    page = opened.open(whole, tmp_path)
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
    opened: Opened, tmp_path: Path, whole: str
) -> None:
    """In the picture itself: holds never side by side, naive calls mostly."""
    page = opened.open(whole, tmp_path)
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
    run = _whole()
    races = tuple(replace(race, kernel=EVIL, via=EVIL) for race in run.races)
    series = tuple(replace(one, subject=EVIL, claim=EVIL) for one in run.series)
    lines = tuple(replace(line, kernel=EVIL, twin=EVIL) for line in run.timelines)
    evil = replace(
        run, races=races, series=series, timelines=lines, processor=EVIL, date=EVIL
    )
    page = opened.open(_page(evil), tmp_path)
    page.locator("#picture path[aria-label]").first.hover()
    page.locator("#vg-tooltip-element").wait_for()
    assert page.title() == "gil-lab: does C help threads?"
    assert page.locator("img").count() == 0
    assert EVIL in page.locator("#verdicts").inner_text()


def test_runs_stand_side_by_side(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(_page(_whole(), load(RECORDS / "free_threaded.json")), tmp_path)
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


def test_prints_on_white(opened: Opened, tmp_path: Path, whole: str) -> None:
    opened.page.emulate_media(color_scheme="dark")
    page = opened.open(whole, tmp_path)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not page.locator(".zoom").first.is_visible()
    assert page.locator("#picture svg").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_scripts_the_figures_are_there(
    browser: Browser, tmp_path: Path, whole: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(whole, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("noscript").count() == 1
    assert page.locator("#verdicts tbody tr").count() > 20
    page.locator("#break-even summary").click()
    assert page.locator("#break-even details table").is_visible()
    context.close()


def test_charts_are_json(whole: str) -> None:
    assert whole.count("<script") == whole.count("</script")
    for part in whole.split('<script type="application/json">')[1:]:
        json.loads(part.partition("</script>")[0])
