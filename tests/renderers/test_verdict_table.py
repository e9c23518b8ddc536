"""Runs side by side: a row for what either of them has."""

from dataclasses import replace

from lab.renderers import verdict_table
from tests.printed import found


def test_one_run_has_its_own_columns() -> None:
    whole = found("whole")
    table = verdict_table.races([whole])
    assert table.groups == ()
    assert len(table.rows) == len(whole.findings)
    assert all(len(row) == len(table.titles) for row in table.rows)


def test_what_only_one_of_two_runs_has_is_empty_for_the_other() -> None:
    whole = found("whole")
    half = replace(whole, name="half", findings=whole.findings[:1])
    table = verdict_table.races([whole, half])
    assert [columns for _, columns in table.groups] == [
        (len(table.titles) - table.own) // 2
    ] * 2
    assert len(table.rows) == len(whole.findings)
    last = table.rows[-1]
    figures = len(last) - table.own
    ours, theirs = last[table.own :][: figures // 2], last[-(figures // 2) :]
    assert any(cell.text for cell in ours)
    assert not any(cell.text for cell in theirs)


def test_claims_are_those_of_one_experiment() -> None:
    whole = found("whole")
    names = {one.series.experiment for one in whole.series}
    for name in names:
        rows = verdict_table.claims([whole], name).rows
        claimed = {
            one.series.subject for one in whole.series if one.series.experiment == name
        }
        assert {row[0].text for row in rows} <= claimed
    assert verdict_table.claims([whole], "none").rows == ()
