"""The page of the whole run, and a browser to open pages in."""

import json
import shutil
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from lab.records.race import wall_ns
from lab.records.results import KEY, load
from lab.verdicts.run import Judged, judged
from tests.printed import RECORDS, WHOLE, found
from tests.renderers.browsing import Opened, page_of, whole_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def whole_page(drawing: None) -> str:
    """The page of the whole run."""
    return page_of(whole_run())


@pytest.fixture(scope="module")
def browser(whole_page: str) -> Iterator["Browser"]:
    playwright = pytest.importorskip("playwright.sync_api", reason="as altair")
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


@pytest.fixture
def opened(browser: "Browser") -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    it = Opened(context.new_page())
    yield it
    context.close()
    assert it.said == []
    assert [url for url in it.asked if not url.startswith("file:")] == []
    assert len(it.asked) <= 1


@pytest.fixture(scope="module")
def whole() -> Judged:
    return found("whole")


@pytest.fixture(scope="module")
def free() -> Judged:
    return judged(load(RECORDS / "free_threaded.json"), "free")


@pytest.fixture(scope="module")
def content(whole: Judged) -> dict[str, Any]:
    """The file of the run, with the timings of its races as pytest-benchmark has
    them, which the record does without."""
    pytest.importorskip("pytest_benchmark", reason="the extra bench")
    content: dict[str, Any] = json.loads(WHOLE.read_text())
    times = {
        (found.race.kernel, found.race.twin, found.race.threads): [
            wall_ns(turn.laps) / 1e9 for turn in found.race.rounds
        ]
        for found in whole.findings
    }
    experiments_of = {one.kernel: one.experiment for one in whole.run.races}
    for benchmark in content["benchmarks"]:
        record = benchmark["extra_info"][KEY][0]
        if record["kind"] != "race":
            continue
        record["experiment"] = experiments_of[record["kernel"]]
        data = times[record["kernel"], record["twin"], record["threads"]]
        benchmark["stats"] = {
            "min": min(data),
            "max": max(data),
            "rounds": len(data),
            "median": statistics.median(data),
            "mean": statistics.mean(data),
            "stddev": 0.0,
            "iqr": 0.0,
            "ops": 1 / statistics.mean(data),
            "outliers": "0;0",
            "iterations": 1,
        }
    return content
