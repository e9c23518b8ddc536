"""python -m lab report: kept runs, judged again and written as one of the formats."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.errors import UsageError
from lab.records.results import FOLDER, is_result, last, last_whole, load
from lab.renderers import formats
from lab.renderers.formats import Format
from lab.system.files import check_output, write_whole
from lab.verdicts.run import Judged, judged

WANTED = "name one, such as results/latest.json (make bench makes it)"


def run(
    paths: Sequence[Path],
    name: str | None,
    output: Path | None,
    *,
    check: bool = False,
    verbose: bool = False,
) -> int:
    """Show or write the runs; 0, or with check 1 where any contradicts a claim.

    paths: of result files; a folder stands for the newest whole run in it, or where
    there is none for the newest part; none given, the folder that bench keeps them in.
    name: of the format; None: what output's suffix says, or the terminal. verbose:
    every row, in the terminal. UsageError
    for whatever cannot be read, shown or written; output then stays as it was.
    """
    chosen = _format(name, output)
    files = [_file(path) for path in paths or [_kept()]]
    if output is not None:
        if is_result(output):
            raise UsageError(f"{output}: is a result, not to be lost: name another -o")
        check_output(output, *files)
    runs = _runs(files)
    if chosen.name == "html":
        _check_timelines(runs)
    if output is not None:
        text = _render(chosen, runs)
        try:
            write_whole(output, text)
        except OSError as error:
            raise UsageError(f"{output}: {error.strerror}: name another -o") from error
        print(f"Report: {output}")
    else:
        _print(chosen, runs, verbose)
    return int(check and any(it.contradicted for it in runs))


def _format(name: str | None, output: Path | None) -> Format:
    if name is not None:
        chosen = formats.by_name(name)
    elif output is None:
        chosen = formats.by_name("terminal")
    else:
        suffix = formats.for_file(output)
        if suffix is None:
            known = ", ".join(row.suffix for row in formats.FORMATS)
            raise UsageError(f"{output}: which format? Use one of {known}, or --format")
        chosen = suffix
    if chosen.name == "html" and output is None and sys.stdout.isatty():
        raise UsageError("a page is not for a terminal: add -o report.html")
    return chosen


def _kept() -> Path:
    """Where bench keeps its runs, as seen from here if that is shorter."""
    if not FOLDER.is_dir():
        raise UsageError("no run is kept yet: make bench makes one")
    return Path(min(str(FOLDER), os.path.relpath(FOLDER), key=len))


def _file(path: Path) -> Path:
    """A result file; which one of a folder, where that is not plain, is said."""
    if not path.is_dir():
        return path
    whole, newest = last_whole(path), last(path)
    if newest is None:
        if whole is None:
            raise UsageError(f"{path}: no run is kept there: make bench makes one")
        return whole
    file, run = newest
    if whole is None:
        if run.part:
            _tell(
                f"{file} is only a part of the bench ({run.part}); make bench makes all"
            )
        return file
    if run.part:
        _tell(f"{whole} is the newest whole run; {file} is a later part ({run.part})")
    return whole


def _tell(text: str) -> None:
    print(f"gil-lab: {text}", file=sys.stderr)


def _runs(paths: Sequence[Path]) -> list[Judged]:
    runs: list[Judged] = []
    for path in paths:
        try:
            run = load(path)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}: {WANTED}") from error
        if not run.races and not run.series and not run.failures:
            raise UsageError(f"{path}: a run with nothing in it: run the bench again")
        taken = {it.name for it in runs}
        runs.append(judged(run, path.stem if path.stem not in taken else str(path)))
    return runs


def _check_timelines(runs: Sequence[Judged]) -> None:
    """A page draws who held the GIL: from every whole run that could know."""
    for it in runs:
        could = it.run.machine.gil and not it.run.no_scope and not it.run.part
        if could and not it.run.timelines:
            raise UsageError(
                f"{it.name}: a run without traces, which the page draws: choose one of "
                "the whole bench (make bench), or --format markdown"
            )


def _render(chosen: Format, runs: Sequence[Judged]) -> str:
    try:
        render = chosen.load()
    except ModuleNotFoundError as error:
        if not chosen.extra:
            raise
        raise UsageError(
            f"{chosen.name} needs {error.name}: make report installs it, "
            f"or pip install 'gil-lab[{chosen.extra}]'"
        ) from error
    return render(runs)


def _print(chosen: Format, runs: Sequence[Judged], verbose: bool) -> None:
    if chosen.name == "terminal":
        from lab.renderers.console import console
        from lab.renderers.terminal import show

        show(runs, console(), verbose=verbose)
    else:  # files are UTF-8, whatever the terminal's language
        sys.stdout.buffer.write(_render(chosen, runs).encode())
    sys.stdout.flush()
