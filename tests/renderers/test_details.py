"""Every row of a run."""

from lab.renderers import overview, terminal
from lab.verdicts.run import Judged


def test_every_row_is_still_there(whole: Judged) -> None:
    text = terminal.render([whole])
    for finding in whole.findings:
        race = finding.race
        start = f"{race.kernel:<15} {race.twin:<11} {race.via:<8} {race.threads} "
        assert start in text
    assert text.count("\nbreak-even ") == len(
        [one for one in whole.series if one.series.experiment == "break-even"]
    )
    assert overview.NEXT in text
