"""A report as Markdown: tables are tables."""

from dataclasses import replace

from lab.renderers import markdown
from lab.verdicts.run import Judged, judged


def test_markdown_tables_are_tables(whole: Judged, free: Judged) -> None:
    race = replace(whole.run.races[1], kernel="a|b <i> @me `x` _y_")
    run = replace(whole.run, races=(race, *whole.run.races))
    for runs in ([judged(run, "evil")], [judged(run, "evil"), free]):
        text = markdown.render(runs)
        assert r"a\|b \<i\> \@me \`x\` \_y\_" in text
        assert "libc.usleep" in text
        lines = text.splitlines()
        for start, line in enumerate(lines):
            if not line.startswith("| --- "):
                continue
            columns = line.count("|")
            for row in (lines[start - 1], *_rows(lines[start + 1 :])):
                assert row.replace(r"\|", "").count("|") == columns
        assert text.count("The finding:") == len(runs)


def _rows(lines: list[str]) -> list[str]:
    end = next(place for place, line in enumerate(lines) if not line.startswith("|"))
    return lines[:end]
