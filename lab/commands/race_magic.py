"""%%gil_race: a cell of Cython with twins in it, raced as `bench` races a file."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.commands.own import Raced, Wanted, race_own, show
from lab.errors import UsageError
from lab.renderers import notebook
from lab.renderers.console import recording

RACE_NAME = "gil_race"
RACE_HELP = """%%gil_race: compile a cell of Cython and race the twins in it.

Functions NAME_held and NAME_released do the same work, NAME_interpreter does it in
Python; NAME_args() returns the arguments of a call as a tuple. A single parameter n is
chosen so that a call takes some 20 ms. It all happens in processes of its own: the cell
knows nothing of the notebook's names, and nothing in it can end the notebook."""
COLUMNS = 100


@dataclass(frozen=True, slots=True, repr=False)
class RacedCell:
    """What %%gil_race shows: the bench's table, and who held the GIL in each twin."""

    raced: Raced

    def __repr__(self) -> str:
        target = recording(COLUMNS, colour=False)
        show(self.raced, target)
        return target.export_text().rstrip()

    def _repr_html_(self) -> str:
        target = recording(COLUMNS, colour=True)
        show(self.raced, target)
        lines = self.raced.it.run.timelines if self.raced.it else ()
        drawn = []
        for line in lines:
            title = f"{line.kernel}, {line.twin}: two threads, the same calls"
            drawn += [
                notebook.paragraph(title, strong=True),
                notebook.timeline(line.trace, title, line.calls),
            ]
        return notebook.block([notebook.printed(target), *drawn])


def race_cell(line: str, cell: str) -> RacedCell:
    """Race a cell. UsageError where there is no compiler, or the line is not empty."""
    if line.strip():
        raise UsageError("%%gil_race takes no arguments: the cell is all of it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cell.pyx")
        path.write_text(cell, encoding="utf-8")
        return RacedCell(race_own(Wanted((str(path),), traces=True)))
