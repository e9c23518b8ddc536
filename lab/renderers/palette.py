"""The colours of terminal, page and notebook: a colour means one thing everywhere.

Shape, height, place or a word always tells the same. For every kind of sight, after
Okabe and Ito's hues, darker by day and lighter by night.
"""

from collections.abc import Sequence

from lab.verdicts.finding import Finding, Judgement, Verdict

# In a terminal: of verdicts.
COLOURS = {
    Judgement.AS_PREDICTED: "green",
    Judgement.CONTRADICTED: "bold red",
    Judgement.INCONCLUSIVE: "yellow",
    Judgement.NO_CLAIM: "",
}
# On a page, as variables of CSS: by day and by night. held: holds the GIL; released:
# runs free; wants, ready, blocked: what a thread waits for; waits: where that is not
# known; other: any other twin; call: all that a naive tracer knows; figure1 to figure4:
# curves that are none of these; good, bad and open: verdicts alone.
PAGE = {
    "page": ("#ffffff", "#12171d"),
    "ink": ("#16202a", "#eef2f6"),
    "faint": ("#55606b", "#aab4be"),
    "line": ("#c9d1d9", "#3a444e"),
    "card": ("#f4f6f8", "#1b222a"),
    "held": ("#c44e00", "#ff9146"),
    "released": ("#0066a6", "#62b8f0"),
    "interpreter": ("#a03c78", "#ee9fcf"),
    "other": ("#7d6500", "#dcc24a"),
    "wants": ("#503c00", "#ffe45c"),
    "ready": ("#42109a", "#8f50f0"),
    "blocked": ("#1a6666", "#80ffff"),
    "waits": ("#8a949e", "#7d8790"),
    "call": ("#dde3e9", "#2c3640"),
    "figure1": ("#16202a", "#eef2f6"),
    "figure2": ("#007a78", "#45cbc2"),
    "figure3": ("#5b49c8", "#a99cff"),
    "figure4": ("#8a4b2d", "#d99b78"),
    "good": ("#2b7a0b", "#7fd65c"),
    "bad": ("#b3001b", "#ff7a85"),
    "open": ("#55606b", "#aab4be"),
}
# Where nobody knows whether it is day: three times as bright, or as dark, as either
# page at least.
EITHER = {
    "held": "#d55e00",
    "released": "#1f83c0",
    "wants": "#a07800",
    "ready": "#7d6fe0",
    "good": "#2e8b2e",
    "bad": "#d03636",
    "faint": "#7f7f7f",
}


def colour(finding: Finding) -> str:
    """Of a race in a terminal; dim where nothing was claimed, and nothing found."""
    if finding.judgement is Judgement.NO_CLAIM:
        return "dim" if finding.verdict is Verdict.INCONCLUSIVE else ""
    return COLOURS[finding.judgement]


def style_sheet(names: Sequence[str] = tuple(PAGE)) -> str:
    """These colours of a page, as rules of CSS that make them variables."""
    day, night = (
        " ".join(f"--{name}: {PAGE[name][time]};" for name in names) for time in (0, 1)
    )
    dark = "@media screen and (prefers-color-scheme: dark)"
    return f":root {{ {day} }}\n{dark} {{ :root {{ {night} }} }}\n"
