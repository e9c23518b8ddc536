"""python -m lab atlas: probe the calls of the atlas, and the user's own."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import starmap, zip_longest

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.commands.probe import one_line_errors
from lab.constructions.atlas import entry_probe
from lab.constructions.speedup import LONGER
from lab.errors import UsageError
from lab.records.machine import Machine
from lab.renderers.progress import Step, drawn
from lab.verdicts.atlas import FORMAT, Row
from lab.verdicts.finding import Judgement


def run(
    expressions: Sequence[str],
    setups: Sequence[str] = (),
    *,
    as_json: bool = False,
    entries: Sequence[Entry] = ENTRIES,
) -> int:
    """Print the table, or JSON. The user's own expressions come first, each after the
    statements of the setup in the same place, if there is one.

    Returns 1 where a claim is contradicted or the user's own code raises, else 0.
    UsageError for a typing error in it, and for more setups than expressions.
    """
    if len(setups) > len(expressions):
        raise UsageError("--setup belongs to an --add EXPR: there are more of them")
    own = list(starmap(Entry, zip_longest(expressions, setups, fillvalue="")))
    with one_line_errors():
        with drawn() as progress:
            rows = atlas([*own, *entries], progress)
        if as_json:
            print(json.dumps(_json(rows), indent=1))
        else:
            _print(rows)
        return int(any(row.judgement is Judgement.CONTRADICTED for row in rows))
    return 1


def atlas(
    entries: Iterable[Entry] = ENTRIES,
    progress: Step | None = None,
    min_time_s: float = 0.05,
) -> list[Row]:
    """Probe each entry for min_time_s or one call, and longer where that is too short.

    An entry of ours that this interpreter or system lacks says so in its row; a
    user's own raises: UsageError for a typing error, else what its code raises.
    """
    rows: list[Row] = []
    entries = list(entries)
    for done, entry in enumerate(entries):
        if progress:
            progress(done, len(entries), entry.expression)
        rows.append(probed(entry, min_time_s))
    return rows


def probed(entry: Entry, min_time_s: float = 0.05) -> Row:
    """One row; as for `atlas`."""
    try:
        found = entry_probe(entry, min_time_s)
        if found.verdict == "inconclusive":
            found = entry_probe(entry, LONGER * min_time_s)
        return Row(entry, found)
    except (UsageError, OSError) as error:
        if entry.claimed is None:
            raise
        return Row(entry, None, f"not here: {error}")


def _json(rows: list[Row]) -> dict[str, object]:
    return {
        "kind": "gil-lab atlas",
        "format": FORMAT,
        "machine": asdict(Machine.here()),
        "rows": [row.to_json() for row in rows],
    }


def _print(rows: list[Row]) -> None:
    from lab.renderers.atlas import draw
    from lab.renderers.console import console
    from lab.renderers.terminal import header

    out = console()
    header(Machine.here(), out)
    out.print()
    draw(rows, out)
