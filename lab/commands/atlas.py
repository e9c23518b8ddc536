"""python -m lab atlas: probe the calls of the atlas, and the user's own."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.records.machine import Machine
from lab.renderers.progress import drawn
from lab.verdicts.atlas import FORMAT, Row, atlas
from lab.verdicts.races import Judgement


def run(
    add: list[tuple[str, str]],
    as_json: bool = False,
    entries: Sequence[Entry] = ENTRIES,
) -> int:
    """Print the table, or JSON; the user's own (expression, setup) come first.

    Returns 1 where a claim is contradicted, else 0. Raises UsageError for a typing
    error in an own entry; what its code raises propagates.
    """
    own = [Entry(expression, setup) for expression, setup in add]
    with drawn() as progress:
        rows = atlas([*own, *entries], progress)
    if as_json:
        print(json.dumps(_json(rows), indent=1))
    else:
        _print(rows)
    return int(any(row.judgement is Judgement.CONTRADICTED for row in rows))


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
