"""What a report can be written as: a row for each, its renderer a module of its own.

A renderer has render(runs) -> str: several runs stand side by side or follow each
other. It is imported when it is asked for, as some need the extra `report`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads the rows, and nothing heavy with them
    from lab.verdicts.run import Judged

Render = Callable[[Sequence["Judged"]], str]


@dataclass(frozen=True, slots=True)
class Format:
    """What a report can be written as."""

    name: str
    """As --format takes it; of its renderer's module, too."""
    suffix: str
    """Of the files it is meant for."""
    extra: str = ""
    """The extra of gil-lab that it needs installed, if any."""

    def load(self) -> Render:
        """The renderer. ModuleNotFoundError without its extra."""
        render: Render = import_module(f"{__package__}.{self.name}").render
        return render


FORMATS = (
    Format("terminal", ".txt"),
    Format("markdown", ".md"),
    Format("json", ".json"),
    Format("csv", ".csv"),
    Format("html", ".html", extra="report"),
)


def by_name(name: str) -> Format:
    """The row of that name; KeyError if there is none."""
    return {row.name: row for row in FORMATS}[name]


def for_file(path: Path) -> Format | None:
    """What a file of that name is meant to hold; None where its suffix says nothing."""
    return next((row for row in FORMATS if row.suffix == path.suffix.lower()), None)
