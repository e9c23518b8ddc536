"""The atlas says what it found, and what this interpreter lacks."""

import io
import json
import math
from dataclasses import replace

import pytest

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.commands import atlas as atlas_command
from lab.commands.atlas import atlas, probed
from lab.constructions.atlas import share
from lab.errors import UsageError
from lab.records.machine import gil_enabled
from lab.records.probe import Probe, ProbeVerdict
from lab.renderers.atlas import draw
from lab.renderers.console import console
from lab.verdicts.atlas import Row
from lab.verdicts.finding import Judgement

FOUND = Probe("held", 0.02, 0.01, 1.02, 0.1, False, 900, 3, 0.01, "scope")
HOLDS = Entry("sum(data)", "data = list(range(20_000))", "held", "a.c f")
SLEEPS = Entry("time.sleep(0.02)", "import time", "released", "b.c g")
LACKING = Entry("nothing.f()", "import no_such_module", "held", "c.c h")


def _named(start: str) -> Entry:
    return next(entry for entry in ENTRIES if entry.expression.startswith(start))


def test_there_are_enough_entries_of_each_kind() -> None:
    assert len({entry.expression for entry in ENTRIES}) == len(ENTRIES) >= 30
    assert sum(entry.short for entry in ENTRIES) == 12
    for claimed in ("held", "released"):
        short = [entry.short for entry in ENTRIES if entry.claimed == claimed]
        assert len(short) >= 10
        assert 4 <= sum(short) <= 8
    assert all(entry.source for entry in ENTRIES)


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to be free of")
@pytest.mark.parametrize(("entry", "least"), [(HOLDS, 0.0), (SLEEPS, 0.5)])
def test_a_share_is_nearer_to_what_it_is(entry: Entry, least: float) -> None:
    found = share(entry, 0.05)
    assert found is None or least <= found <= least + 0.5


@pytest.mark.parametrize(
    "start",
    [
        "json.loads",
        "zlib.comp",
        "os.read",
        "mine.recv",
        "base.exec",
        "os.pread",
        "a * a",
    ],
)
def test_entries_are_as_claimed_and_leave_nothing(start: str) -> None:
    row = probed(_named(start), 0.02)
    if row.missing:
        pytest.skip(row.missing)
    assert row.judgement is not Judgement.CONTRADICTED
    assert (row.judgement is Judgement.NO_CLAIM) == (not gil_enabled())


@pytest.mark.parametrize(
    ("claimed", "found", "judgement"),
    [
        ("held", "held", Judgement.AS_PREDICTED),
        ("released", "released", Judgement.AS_PREDICTED),
        ("partly", "partly", Judgement.AS_PREDICTED),
        ("held", "released", Judgement.CONTRADICTED),
        ("released", "held", Judgement.CONTRADICTED),
        ("released", "partly", Judgement.INCONCLUSIVE),
        ("partly", "held", Judgement.INCONCLUSIVE),
        ("held", "inconclusive", Judgement.INCONCLUSIVE),
        ("held", "no-gil", Judgement.NO_CLAIM),
        (None, "held", Judgement.NO_CLAIM),
    ],
)
def test_judgements(
    claimed: ProbeVerdict | None, found: ProbeVerdict, judgement: Judgement
) -> None:
    row = Row(replace(HOLDS, claimed=claimed), replace(FOUND, verdict=found))
    assert row.judgement is judgement


def test_what_is_lacking_says_so() -> None:
    told: list[tuple[int, int, str]] = []
    rows = atlas([LACKING, HOLDS], lambda *where: told.append(where), 0.02)
    assert told == [(0, 2, "nothing.f()"), (1, 2, "sum(data)")]
    assert rows[0].probe is None
    assert "no_such_module" in rows[0].missing
    assert rows[0].judgement is Judgement.INCONCLUSIVE
    assert rows[1].probe is not None


def test_own_entries_raise() -> None:
    with pytest.raises(UsageError, match=r"SETUP: .*no_such_module"):
        atlas([replace(LACKING, claimed=None)])
    with pytest.raises(FileNotFoundError):
        atlas([Entry("open('/no/such/file')")])
    with pytest.raises(ZeroDivisionError):
        atlas([replace(HOLDS, expression="1 / 0")])


def test_cleanup_runs_whatever_happens() -> None:
    setup = "import pathlib, tempfile\nplace = tempfile.TemporaryDirectory()\nx = 0"
    entry = Entry("1 / x", setup, None, "", "place.cleanup(); done.append(1)")
    with pytest.raises(UsageError, match="CLEANUP: NameError: name 'done'"):
        share(entry, 0.01)
    if not gil_enabled():  # then there is no share, and no call
        return
    with pytest.raises(ZeroDivisionError):
        share(replace(entry, cleanup="place.cleanup()"), 0.01)


def test_json_has_no_infinity() -> None:
    row = Row(SLEEPS, replace(FOUND, verdict="released", ceiling=math.inf))
    plain = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert plain["probe"]["ceiling"] is None
    assert (plain["judgement"], plain["source"]) == ("as predicted", "b.c g")
    assert (
        json.loads(json.dumps(Row(LACKING, None, "not here").to_json()))["probe"]
        is None
    )


def test_the_table_is_narrow_and_plain() -> None:
    file = io.StringIO()
    rows = [Row(entry, FOUND) for entry in ENTRIES]
    rows.append(Row(SLEEPS, replace(FOUND, verdict="held")))
    rows.append(Row(HOLDS, replace(FOUND, ceiling=math.inf)))
    rows.append(Row(LACKING, None, "not here: why"))
    draw(rows, console(file, width=100))
    text = file.getvalue()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert "0.02 +-0.01" in text
    assert "1.02x ok held" in text
    assert "!! held" in text
    assert "none ok held" in text
    assert "?? missing" in text
    assert "?? nothing.f(): not here: why" in text


@pytest.mark.skipif(not gil_enabled(), reason="no claims without a GIL")
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [HOLDS, LACKING]
    assert atlas_command.run(["len(x)"], ["x = [1]"], entries=entries) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.index("len(x)") < printed.out.index("sum(data)")
    wrong = replace(SLEEPS, claimed="held")
    assert atlas_command.run([], as_json=True, entries=[wrong, HOLDS]) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["kind"], content["format"]) == ("gil-lab atlas", 1)
    judged = [row["judgement"] for row in content["rows"]]
    assert judged == ["contradicted", "as predicted"]
    with pytest.raises(UsageError, match="EXPR: "):
        atlas_command.run(["len("], entries=[])
