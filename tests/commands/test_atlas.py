"""The atlas says what it found, and what this interpreter lacks."""

import json
from dataclasses import replace

import pytest

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.commands import atlas as atlas_command
from lab.commands.atlas import atlas, probed
from lab.constructions.atlas import share
from lab.errors import UsageError
from lab.records.machine import gil_enabled
from lab.verdicts.finding import Judgement

HOLDS = Entry("sum(data)", "data = list(range(20_000))", "held", "a.c f")
SLEEPS = Entry("time.sleep(0.02)", "import time", "released", "b.c g")
LACKING = Entry("nothing.f()", "import no_such_module", "held", "c.c h")


def _named(start: str) -> Entry:
    return next(entry for entry in ENTRIES if entry.expression.startswith(start))


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


@pytest.mark.skipif(not gil_enabled(), reason="no claims without a GIL")
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [HOLDS, LACKING]
    assert atlas_command.run(["len(x)"], ["x = [1]"], entries=entries) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.index("len(x)") < printed.out.index("sum(data)")
    wrong = replace(SLEEPS, claimed="held")
    for _ in range(10):  # a busy machine leaves it open, but not each time
        code = atlas_command.run([], as_json=True, entries=[wrong, HOLDS])
        content = json.loads(capsys.readouterr().out)
        judged = [row["judgement"] for row in content["rows"]]
        assert code == ("contradicted" in judged)
        if judged == ["contradicted", "as predicted"]:
            break
    assert judged == ["contradicted", "as predicted"]
    assert (content["kind"], content["format"]) == ("gil-lab atlas", 1)
    with pytest.raises(UsageError, match="EXPR: "):
        atlas_command.run(["len("], entries=[])
