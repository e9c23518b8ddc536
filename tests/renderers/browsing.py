"""The page of a run, and the page in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING

from lab.records.results import load
from lab.records.run import Run
from lab.verdicts.run import judged

if TYPE_CHECKING:  # what draws is imported where a page is wanted
    from playwright.sync_api import ConsoleMessage, Page

RECORDS = Path(__file__).parents[1] / "data"
SECTIONS = (
    *("picture", "timelines", "break-even", "responsiveness", "handoff"),
    *("verdicts", "about"),
)


def whole_run() -> Run:
    return load(RECORDS / "whole.json")


def page_of(*runs: Run) -> str:
    from lab.renderers import html

    return html.render([judged(run, f"run {place}") for place, run in enumerate(runs)])


class Opened:
    """A page, and whatever it complained about or asked for."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _console(self, message: "ConsoleMessage") -> None:
        self.said.append(f"{message.type}: {message.text}")

    def open(self, text: str, folder: Path) -> "Page":
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
