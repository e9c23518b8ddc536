"""A row an experiment."""

from dataclasses import replace

from lab.renderers.experiment_table import SHOWN, headline
from lab.verdicts.finding import Judgement
from lab.verdicts.run import Judged, experiments, kernels
from tests.printed import printed


def test_the_worst_claim_of_an_experiment_decides(whole: Judged) -> None:
    found = {one.name: one for one in experiments(whole)}
    lines = {line.split(" ")[0]: line.rstrip() for line in printed(whole)}
    assert found["responsiveness"].judgement is Judgement.AS_PREDICTED
    assert lines["responsiveness"].endswith("ok all 5")
    assert found["break-even"].judgement is Judgement.INCONCLUSIVE
    count = found["break-even"].count(Judgement.INCONCLUSIVE)
    assert 0 < count < 9
    assert lines["break-even"].endswith(f"?? {count} of 9 open")
    assert found["traces"].judgement is Judgement.NO_CLAIM
    assert lines["traces"].endswith("none")
    held = next(
        one
        for one in found["responsiveness"].series
        if one.series.subject == "beside held: largest lag / call"
    )
    wrong = replace(held, judgement=Judgement.CONTRADICTED)
    text = "\n".join(printed(replace(whole, series=(*whole.series, wrong))))
    assert "!! 1 of 6 not" in text
    text = " ".join(text.split())
    assert f"!! responsiveness, {held.series.subject}: " in text
    assert f"claimed: {held.series.claim}" in text


def test_an_experiment_made_of_races(whole: Judged) -> None:
    assert not {"libc.recv", "fifo.read_bytes"} & set(kernels(whole))
    found = {one.name: one for one in experiments(whole)}
    assert headline(found["sockets"], "+-") == "held 0.99, released 7.77 of 8"
    assert headline(found["files"], "+-") == "released 7.75 of 8"


def test_an_experiment_of_a_students_own(whole: Judged) -> None:
    own = replace(
        next(one for one in whole.series if one.judgement is Judgement.AS_PREDICTED),
        series=replace(whole.series[0].series, experiment="mine"),
    )
    assert "mine" not in SHOWN
    lines = printed(replace(whole, series=(own,)))
    (row,) = (line for line in lines if line.startswith("mine "))
    assert "1 of 1 as claimed" in row
