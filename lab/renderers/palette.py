"""One meaning a colour: green as claimed, bold red contradicted, yellow open."""

from lab.verdicts.finding import Finding, Judgement, Verdict

COLOURS = {
    Judgement.AS_PREDICTED: "green",
    Judgement.CONTRADICTED: "bold red",
    Judgement.INCONCLUSIVE: "yellow",
    Judgement.NO_CLAIM: "",
}


def colour(finding: Finding) -> str:
    """Of a race; one without an answer is dim where nothing was claimed."""
    if finding.judgement is Judgement.NO_CLAIM:
        return "dim" if finding.verdict is Verdict.INCONCLUSIVE else ""
    return COLOURS[finding.judgement]
