"""Verdicts, strips and timelines as HTML for the output of a notebook's cell.

A front end that does not trust a notebook takes inline SVG and style elements out of
it, and keeps what is used here: inline styles, and images that carry their data. The
timeline is such an image, on a page of its own, light or dark as the system is; all
other colours can be told on either.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from rich.color import parse_rgb_hex
from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from lab.records.probe import Probe
from lab.records.slices import thinned
from lab.records.timeline import Span
from lab.records.trace import Trace
from lab.records.units import duration, percent
from lab.renderers import trace_terminal
from lab.renderers.console import recording
from lab.renderers.palette import EITHER, style_sheet

COLUMNS = 80
CHART_PX = 700
# Twice as many could not be told from each other.
MOST_SEGMENTS = CHART_PX // 2
# The edge of a headline: who has the GIL, or whether a prediction came true.
EDGES = {"held": f"double {EITHER['held']}", "released": f"solid {EITHER['released']}"}
GOOD, BAD = f"solid {EITHER['good']}", f"double {EITHER['bad']}"
PLAIN = f"solid {EITHER['faint']}"
# Whatever the front end's own style: columns as in a terminal, and lines as far apart
# as a block is high, so that no bar of a strip cuts into the next.
PRE = (
    '<pre style="font-family: monospace; font-size: 13px; line-height: 1.4; '
    'margin: 0.6em 0; overflow-x: auto; white-space: pre">{code}</pre>'
)
HEAD = "cursor: pointer; font-weight: bold"
CELL = "padding: 0.2em 1em 0.2em 0; text-align: left; vertical-align: top"
# For the image, which has no other style than this.
STYLE = (
    ":root { background: var(--page); color: var(--ink); border-radius: 4px; }\n"
    + style_sheet(
        (
            *("page", "ink", "held", "released", "call"),
            *("wants", "ready", "blocked", "waits"),
        )
    )
)
# A terminal's colours of states (trace_terminal.SIGNS); dim is between the first two.
THEME = TerminalTheme(
    (255, 255, 255),
    (0, 0, 0),
    [
        (0, 0, 0),
        *(
            parse_rgb_hex(EITHER[state].removeprefix("#"))
            for state in ("held", "released", "wants", "ready")
        ),
        *[(127, 127, 127)] * 3,
    ],
)


def probed(probe: Probe, trace: Trace | None) -> str:
    """The verdict on a call, its figures, and the timeline of its trace."""
    verdict, *figures = str(probe).splitlines()
    parts = [
        headline(verdict, EDGES.get(probe.verdict, PLAIN)),
        pre(*figures) if figures else "",
    ]
    if trace is not None:
        parts += [timeline(trace)]
    return block(parts)


def seen(trace: Trace, note: str = "") -> str:
    """A trace: what it comes to, its threads, their timeline; a note below."""
    share, took = percent(trace.gil_free, trace.error), duration(trace.duration_s)
    free = f"nobody held the GIL for {share} of {took}"
    return block(
        [
            headline(free),
            pre(*trace_terminal.summary(trace, colour=True)),
            timeline(trace),
            paragraph(note) if note else "",
        ]
    )


def timeline(
    trace: Trace, title: str = "Timeline of the threads", calls: Sequence[Span] = ()
) -> str:
    """Its timeline as an image; where it cannot be drawn, as a strip of text, with a
    line that says why. calls: as `lab.renderers.timeline.chart` draws them."""
    try:
        import vl_convert

        from lab.renderers.timeline import chart
    except ModuleNotFoundError as error:
        return pre(*trace_terminal.timeline(trace, COLUMNS, colour=True)) + (
            f"<p>As text: a drawing needs {escape(str(error.name))}, which "
            "<code>pip install 'gil-lab[report]'</code> installs.</p>"
        )
    drawn = trace if calls else trace.only(trace_terminal.busiest(trace))
    spec = chart(thinned(drawn, MOST_SEGMENTS), calls)
    spec["width"] = CHART_PX
    spec["padding"] = 12
    spec["config"]["legend"]["columnPadding"] = 24
    spec["config"]["aria"] = False  # the image has one text, below
    svg = vl_convert.vegalite_to_svg(spec)
    head, mark, rest = svg.partition(">")
    data = b64encode(f"{head}{mark}<style>{STYLE}</style>{rest}".encode()).decode()
    return (
        f'<img alt="{escape(_alternative(trace, title))}" style="max-width: 100%" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _alternative(trace: Trace, title: str) -> str:
    """What the image shows, for those who do not see it."""
    threads = []
    for each in (trace.threads[place] for place in trace_terminal.busiest(trace)):
        told = f"{each.name}: holds the GIL {each.holds:.0%}, runs free "
        told += f"{each.runs_free:.0%}, waits {each.waits:.0%} of the time"
        threads.append(told + f", {each.wants:.0%} for the GIL" * trace.told_apart)
    return f"{title}. " + "; ".join(threads)


def block(parts: Sequence[str]) -> str:
    """Parts that belong together."""
    return "<div>" + "\n".join(parts) + "</div>"


def headline(text: str, edge: str = PLAIN) -> str:
    """A line for the last row of the room. edge: one of EDGES, or PLAIN."""
    return (
        '<p style="font-size: 1.25em; font-weight: bold; margin: 0.3em 0; '
        f'padding-left: 0.5em; border-left: 8px {edge}">{escape(text)}</p>'
    )


def paragraph(text: str, *, strong: bool = False) -> str:
    """Some text."""
    inside = f"<strong>{escape(text)}</strong>" if strong else escape(text)
    return f"<p>{inside}</p>"


def folded(title: str, parts: Sequence[str]) -> str:
    """Parts that are shown when their title is pressed."""
    head = f'<summary style="{HEAD}">{escape(title)}</summary>'
    return f'<details style="margin: 0.6em 0">{head}{chr(10).join(parts)}</details>'


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    head = "".join(f'<th style="{CELL}">{escape(title)}</th>' for title in titles)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{CELL}">{escape(text)}</td>' for text in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def listing(file: str, lines: Sequence[tuple[int, str]]) -> str:
    """Lines of code, by their number in the file: a head, and in bold what matters.
    "..." stands for lines that are left out."""
    rows = [Text(file, "dim")]
    before = lines[0][0]
    for place, (number, line) in enumerate(lines):
        if number > before + 1:
            rows += [Text("      ...", "dim")]
        before = number
        rows += [
            Text.assemble((f"{number:5} ", "dim"), (line, "bold" if place else ""))
        ]
    return pre(*rows)


def pre(*parts: RenderableType) -> str:
    """Text in columns, as in a terminal; a line that is longer is not broken."""
    target = recording(COLUMNS, colour=True)
    for part in parts:
        target.print(part, soft_wrap=True)
    return printed(target)


def printed(target: Console) -> str:
    """What a console of `lab.renderers.console.recording` was given to print."""
    return target.export_html(theme=THEME, code_format=PRE, inline_styles=True)
