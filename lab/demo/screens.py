"""The still screens of the tour: the question, the answer, the code, the score.

Each fits 24 rows of 80 columns with a line left for the prompt. They decide nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from lab.demo.acts import Act
from lab.demo.outcome import NO_GIL, ActFinding, PlayedAct, score
from lab.demo.source_lines import Cut
from lab.demo.symbols import Symbols
from lab.instruments.race import RACER, racers
from lab.records.race import Bound
from lab.records.trace import Trace
from lab.records.units import duration, percent
from lab.renderers import wording
from lab.renderers.trace_terminal import legend, strips
from lab.verdicts.finding import Finding

AGAIN = "Close what else runs on this machine, and play it again."
# Of lines of code that are left out, or of the end of one.
CUT = "..."
RESULT_COLUMN = 41


def question(act: Act, count: int, predicted: int | None) -> RenderableType:
    """The act, what will be played, and the answers to choose from."""
    options = [
        Text.assemble("   ", (f" {number} ", "bold reverse"), f"  {option}")
        for number, option in enumerate(act.options, 1)
    ]
    lines: list[RenderableType] = [
        _title(f"Act {act.number} of {count}: {act.title}"),
        *(Text(line) for line in act.lines),
        Text(),
        Text(act.question, style="bold"),
        Text(),
    ]
    for option in options:
        lines += [option, Text()]
    if predicted is not None:
        lines.append(Text(f"Predicted: {predicted}", style="bold"))
    return Group(*lines)


def answer(played: PlayedAct, symbols: Symbols, width: int) -> list[RenderableType]:
    """What was measured, with a strip of time; then the code, on a second screen."""
    if played.outcome is None:
        title = _title(f"Act {played.act.number}: {played.act.title}")
        text = f"This act cannot be played here: {played.why_not}"
        return [Group(title, Text(text), Text("It does not count."))]
    return [
        _measured(played, played.outcome, symbols, width),
        _code(played.outcome, width),
    ]


def final(all_played: Sequence[PlayedAct]) -> RenderableType:
    """The class's score, and every act in a line."""
    lines: list[RenderableType] = [_title("What was measured")]
    for played in all_played:
        title = f"  {played.act.number}  {played.act.title}".ljust(RESULT_COLUMN)
        lines.append(Text(title + _result(played)))
    if told := score(all_played):
        lines += [Text(), Text(f"The class's score: {told}", style="bold")]
    outcomes = [played.outcome for played in all_played if played.outcome is not None]
    gil = all(outcome.gil for outcome in outcomes)
    return Group(*lines, Text(), Text(wording.MORAL if gil else NO_GIL, style="bold"))


def _result(played: PlayedAct) -> str:
    if played.outcome is None:
        return "could not be played"
    if played.outcome.right is None:
        return "open, it does not count"
    said = {True: ", as predicted", False: f", not {played.predicted}", None: ""}
    right = played.outcome.right
    return f"{played.act.options[right - 1]}{said[played.came_true]}"


def _title(text: str) -> RenderableType:
    return Group(Text(text, style="bold underline"), Text())


def _measured(
    played: PlayedAct, outcome: ActFinding, symbols: Symbols, width: int
) -> RenderableType:
    act = outcome.act
    lines: list[RenderableType] = [_title(f"Act {act.number}: {act.title}")]
    if outcome.right is None:
        lines += [
            _bar("MEASURED: OPEN", width),
            Text(f"This act does not count: {outcome.reason}."),
        ]
        if outcome.may_change:
            lines += [Text(AGAIN)]
    else:
        option = act.options[outcome.right - 1]
        lines += [_bar(f"MEASURED: {outcome.right}  {option}", width), _said(played)]
    lines.append(Text())
    for finding in outcome.findings:
        lines += [Text(line) for line in figures(finding, symbols.plus_minus)]
    if not outcome.gil:
        lines.append(Text(NO_GIL, style="bold"))
    lines.append(Text())
    if outcome.no_scope:
        lines.append(Text(f"No strip of time: {outcome.no_scope}"))
    traces = list(shown(outcome))
    for title, trace in traces:
        places = range(len(trace.threads))
        lines.append(Text(title, style="bold"))
        lines.append(strips(trace, places, width - 2, symbols.blocks))
    if outcome.traces:
        lines.append(legend([trace for _, trace in traces], symbols.blocks))
    return Group(*lines)


def _bar(text: str, width: int) -> Text:
    """Seen from the last row: reversed, over the whole width."""
    return Text(f"  {text}".ljust(width), style="bold reverse")


def _said(played: PlayedAct) -> Text:
    if played.came_true is None:
        return Text("Nothing was predicted.")
    if played.came_true:
        return Text(f"Predicted: {played.predicted}. It came true.", style="bold green")
    said = played.act.options[(played.predicted or 1) - 1]
    return Text(f"Predicted: {played.predicted}, {said}. Not so.", style="bold red")


def figures(finding: Finding, sign: str) -> list[str]:
    """Two lines: what was raced and how long it took, and the verdict."""
    race = finding.race
    took = wording.time(finding)
    name = f"{race.kernel} {race.twin}, {race.threads} threads: {took} in the median"
    speedup = wording.speedup(finding, sign)
    if speedup:
        speedup = f"speedup {speedup}, most {finding.limit:g}; "
    witness = f"{finding.cores:.2f} cores in use"
    if race.bound is Bound.BLOCKING:
        witness = f"{finding.overlap:.0f} inside the call at once"
    return [
        f"{name} of {len(race.rounds)} rounds",
        f"  {speedup}{witness}: {finding.verdict}",
    ]


def shown(outcome: ActFinding) -> Iterator[tuple[str, Trace]]:
    """For each trace what it comes to, and its racers by the names of the live play."""
    for twin, trace in outcome.traces.items():
        # Calls that wait were traced as they were played; others, a few in a row.
        title = "two threads, a few calls each"
        if outcome.findings[0].race.bound is Bound.BLOCKING:
            scenes = reversed(outcome.act.scenes)
            title = next(scene.title for scene in scenes if scene.twin == twin)
        share = percent(trace.gil_free, trace.error)
        took = duration(trace.duration_s)
        raced = trace.only(racers(trace))
        threads = tuple(
            replace(each, name=f"thread {int(each.name.removeprefix(RACER)) + 1}")
            for each in raced.threads
        )
        title += f": nobody held the GIL {share} of {took}"
        yield title, replace(raced, threads=threads)


def _code(outcome: ActFinding, width: int) -> RenderableType:
    act = outcome.act
    lines: list[RenderableType] = [_title(f"Act {act.number}: the lines that did it")]
    for each in outcome.cuts:
        lines += [*_cut(each, width), Text()]
    if act.descent:
        lines += _descent(outcome)
    lines.append(Padding(Text(outcome.lesson, style="bold"), (0, 2, 0, 0)))
    return Group(*lines)


def _cut(cut: Cut, width: int) -> list[RenderableType]:
    first = before = cut.lines[0][0]
    rows: list[RenderableType] = [Text(f"{cut.file}:{first}", style="dim")]
    for number, line in cut.lines:
        if number > before + 1:
            rows.append(Text(f"       {CUT}", style="dim"))
        label = f"  {number:4} "
        room = width - len(label)
        if len(line) > room:
            line = line[: room - len(CUT)] + CUT
        style = "bold cyan" if number > first else ""
        rows.append(Text.assemble((label, "dim"), (line, style)))
        before = number
    return rows


def _descent(outcome: ActFinding) -> list[RenderableType]:
    """The way from the Python function down, and what was seen of it live."""
    rows: list[RenderableType] = [Text("From there down, in CPython's own source:")]
    for depth, (function, file) in enumerate(outcome.act.descent):
        bold = "bold cyan" if function.startswith("Py_BEGIN") else "bold"
        rows.append(
            Text.assemble("  " + " " * depth, (function, bold), ("  " + file, "dim"))
        )
    return [*rows, *(Text(line) for line in seen(outcome)), Text()]


def seen(outcome: ActFinding) -> list[str]:
    """Two lines: where the threads were seen while they waited, if they were."""
    inside = [position for position in outcome.positions if position.call]
    if not inside:
        return []
    first = inside[0]
    where = f"{first.function}, {first.file}:{first.line}"
    count = f"{len(inside)} of {len(outcome.positions)}"
    return [
        f"Seen while they waited: {count} threads in {where},",
        f"and below it in the system call {first.call}.",
    ]
