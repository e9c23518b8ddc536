"""All that shows a run or a trace, by name, for tests that go through each."""

import io
from collections.abc import Callable, Iterator

from rich.console import Console

from lab.errors import UsageError
from lab.records.trace import Trace
from lab.renderers import (
    chrome_trace,
    collapsed,
    csv,
    markdown,
    notebook,
    speedscope,
    terminal,
    trace_terminal,
)
from lab.renderers import json as json_renderer
from lab.renderers.console import console
from lab.verdicts.run import Judged


def _one_look(runs: list[Judged]) -> str:
    out = io.StringIO()
    terminal.show(runs, console(out, width=80))
    return out.getvalue()


def _coloured(runs: list[Judged]) -> str:
    """As on a terminal, where blocks and colours are shown."""
    out = io.StringIO()
    target = Console(file=out, force_terminal=True, width=80, markup=False, emoji=False)
    terminal.show(runs, target, verbose=True)
    terminal.show(runs, target)
    return out.getvalue()


def _html(runs: list[Judged]) -> str:
    from lab.renderers import html

    return html.render(runs)


def _kept(export: Callable[[Trace], str], trace: Trace) -> str:
    """As a file, or the line that says why not."""
    try:
        return export(trace)
    except UsageError as error:
        return str(error)


RUNS: dict[str, Callable[[list[Judged]], str]] = {
    "one look": _one_look,
    "colour": _coloured,
    "rows": terminal.render,
    "markdown": markdown.render,
    "csv": csv.render,
    "json": json_renderer.render,
    "html": _html,
}
TRACES: dict[str, Callable[[Trace], str]] = {
    "scope": lambda trace: trace_terminal.render(trace, 80, colour=False),
    "scope, colour": lambda trace: trace_terminal.render(trace, 80, colour=True),
    "notebook": notebook.seen,
    "chrome": chrome_trace.render,
    # A trace without stacks has no lines.
    "collapsed": lambda trace: f"{len(trace.stacks)}\n{_kept(collapsed.render, trace)}",
    "speedscope": lambda trace: _kept(speedscope.render, trace),
}
# They draw with Altair, which takes half a second and more.
SLOW = ("html", "notebook")


def every(it: Judged, slow: bool) -> Iterator[tuple[str, str]]:
    """The name of each renderer with what it makes of a run and its traces. slow:
    those of SLOW too."""
    for name, render in RUNS.items():
        if slow or name not in SLOW:
            yield name, render([it])
    for line in it.run.timelines:
        for name, show in TRACES.items():
            if slow or name not in SLOW:
                yield name, show(line.trace)
