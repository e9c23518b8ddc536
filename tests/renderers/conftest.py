"""The page of the whole run, and a browser to open pages in."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.renderers.browsing import Opened, page_of, whole_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def whole(drawing: None) -> str:
    """The page of the whole run."""
    return page_of(whole_run())


@pytest.fixture(scope="module")
def browser(whole: str) -> Iterator["Browser"]:
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
