"""%gil, %%gil and %%gil_race for IPython and Jupyter.

IPython is there when somebody loads the extension, and only then: nothing here
imports it before.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from lab.calls.expression import prepared_call
from lab.commands.race_magic import RACE_HELP, RACE_NAME, RacedCell, race_cell
from lab.errors import UsageError
from lab.instruments.probe import traced
from lab.instruments.scope import Scope, ScopeUnavailable
from lab.records.probe import Probe
from lab.records.trace import ThreadTrace, Trace
from lab.renderers import trace_terminal
from lab.renderers.console import text_of

NAME = "gil"
HELP = """%gil EXPR: does this call release the GIL, and what can threads gain?
%%gil [NAME]: run the cell under the scope: who holds the GIL, and when?

EXPR is measured in the notebook's own names: a plain call is taken apart, so that
function and arguments are evaluated once and then the function alone is called until
0.2 s are seen, or once if it is long. `result = %gil EXPR` keeps result.probe and
result.trace.

%%gil shows what the cell shows, then the threads that began in it or were busy. With
NAME, that variable keeps the whole trace."""
# So many calls are shown of all that were measured, if the scope can tell them apart.
CALLS_SHOWN = 4
LEAST_SHOWN_S = 5e-3
# Threads that were there before, as the front end's, are shown if they held the GIL or
# ran for this part of the time.
BUSY = 0.1
# A cell is watched for the eye: more often, the scope would want half a core of two.
INTERVAL_S = 1e-4
COLUMNS = 80


@dataclass(frozen=True, slots=True, repr=False)
class Probed:
    """What %gil shows."""

    expression: str
    """As it was written behind %gil."""
    probe: Probe
    trace: Trace | None
    """Of the very calls that were measured; None where there is no scope."""

    def __repr__(self) -> str:
        lines = str(self.probe)
        if self.trace is not None:
            strips = trace_terminal.timeline(self._shown(self.trace), COLUMNS, False)
            lines += f"\n{text_of(strips, COLUMNS, colour=False).rstrip()}"
        return lines

    def _repr_html_(self) -> str:
        from lab.renderers import notebook

        shown = None if self.trace is None else self._shown(self.trace)
        return notebook.probed(self.probe, shown)

    def _shown(self, trace: Trace) -> Trace:
        """The last few calls, by the thread that made them and those it started."""
        shown_s = max(CALLS_SHOWN * self.probe.duration, LEAST_SHOWN_S)
        return trace.last(shown_s)


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """What %%gil shows."""

    trace: Trace
    """The whole of the cell."""
    shown: Trace
    """The same, of the threads that matter."""

    def __repr__(self) -> str:
        text = trace_terminal.render(self.shown, COLUMNS, colour=False)
        return f"{text}{self._rest()}".rstrip()

    def _repr_html_(self) -> str:
        from lab.renderers import notebook

        return notebook.seen(self.shown, self._rest())

    def _rest(self) -> str:
        count = len(self.trace.threads) - len(self.shown.threads)
        if not count:
            return ""
        threads = "thread" if count == 1 else "threads"
        return f"not shown: {count} older {threads}, busy for less than {BUSY:.0%}"


class Result(Protocol):
    """What became of a cell."""

    error_before_exec: BaseException | None
    error_in_exec: BaseException | None


class Shell(Protocol):
    """What is used of IPython.core.interactiveshell.InteractiveShell."""

    user_ns: dict[str, Any]
    magics_manager: Any

    def run_cell(self, raw_cell: str) -> Result: ...

    def transform_cell(self, raw_cell: str) -> str: ...

    def should_run_async(self, raw_cell: str, *, transformed_cell: str) -> bool: ...

    def register_magic_function(
        self, func: Callable[..., object], magic_kind: str, magic_name: str
    ) -> None: ...


class CellError(Exception):
    """The cell under %%gil has ended in an error, which is shown already."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def load(shell: Shell) -> None:
    """Register the magics in this shell."""
    from IPython.core.error import UsageError as ShellUsageError
    from IPython.core.magic import needs_local_scope, no_var_expand

    def gil(
        line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Probed | None:
        __tracebackhide__ = True
        try:
            if cell is None:
                return _probe(line.strip(), {**shell.user_ns, **(local_ns or {})})
            _run(shell, line.strip(), cell)
        except UsageError as error:  # the shell's own is shown as one line
            raise ShellUsageError(str(error)) from None
        return None

    def gil_race(line: str, cell: str) -> RacedCell:
        __tracebackhide__ = True
        try:
            return race_cell(line, cell)
        except UsageError as error:
            raise ShellUsageError(str(error)) from None

    gil.__doc__, gil_race.__doc__ = HELP, RACE_HELP
    for mark in (needs_local_scope, no_var_expand):
        mark(gil)
    shell.register_magic_function(gil, "line_cell", NAME)
    shell.register_magic_function(no_var_expand(gil_race), "cell", RACE_NAME)


def unload(shell: Shell) -> None:
    """Take the magics out of this shell."""
    for magics in shell.magics_manager.magics.values():
        magics.pop(NAME, None)
        magics.pop(RACE_NAME, None)


def _probe(expression: str, names: dict[str, Any]) -> Probed:
    __tracebackhide__ = True
    if not expression:
        raise UsageError("%gil EXPR: a call, such as %gil zlib.crc32(data)")
    try:
        with Scope():
            pass
    except ScopeUnavailable:
        pass  # the probe knocks instead
    except RuntimeError as error:
        raise UsageError(f"%gil: {error}") from None
    try:
        func, args, kwargs = prepared_call(expression, names=names)
        before = _older()
        probe, trace = traced(func, args, dict(kwargs))
    except UsageError:
        raise
    except BaseException as error:
        error.__traceback__ = _own(error.__traceback__)
        raise
    return Probed(expression, probe, trace and trace.only(_to_show(trace, before)))


def _run(shell: Shell, name: str, cell: str) -> None:
    __tracebackhide__ = True
    if name and not name.isidentifier():
        raise UsageError(f"%%gil NAME: {name!r} is no name for a variable")
    if _in_loop() and _awaits(shell, cell):
        raise UsageError("%%gil: a cell that awaits cannot run inside another here")
    before = _older()
    scope: Scope | None = None
    with ExitStack() as stack:
        try:
            scope = stack.enter_context(Scope(INTERVAL_S))
        except (RuntimeError, OSError, MemoryError) as error:
            print(f"gil-lab: no scope: {error}", file=sys.stderr)
        result = shell.run_cell(cell)
    if scope is not None:
        _show(shell, scope.trace, name, before)
    raised = result.error_before_exec or result.error_in_exec
    if raised is not None:
        told = f"{type(raised).__name__} in the cell under %%gil, as shown above"
        raise CellError(told).with_traceback(raised.__traceback__) from None


def _show(shell: Shell, trace: Trace, name: str, before: set[int | None]) -> None:
    from IPython.display import display

    if name:
        shell.user_ns[name] = trace
    display(Seen(trace, trace.only(_to_show(trace, before))))  # type: ignore[no-untyped-call]


def _older() -> set[int | None]:
    """The other threads that there are: the front end's, mostly."""
    return {
        thread.native_id
        for thread in threading.enumerate()
        if thread is not threading.current_thread()
    }


def _to_show(trace: Trace, older: set[int | None]) -> list[int]:
    """Places of the threads to show: not the older ones, unless they were busy."""

    def matters(thread: ThreadTrace) -> bool:
        return thread.native_id not in older or thread.holds + thread.runs_free >= BUSY

    return [place for place, each in enumerate(trace.threads) if matters(each)]


def _awaits(shell: Shell, cell: str) -> bool:
    try:
        code = shell.transform_cell(cell)
    except SyntaxError:  # to be shown when it is run
        return False
    return shell.should_run_async(cell, transformed_cell=code)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _own(frames: TracebackType | None) -> TracebackType | None:
    """What the user's code raised, without the lab's frames above its own."""
    while frames is not None and _is_ours(frames):
        frames = frames.tb_next
    return frames


def _is_ours(frames: TracebackType) -> bool:
    # Compiled modules know their files by a name below the root of the source.
    file = frames.tb_frame.f_code.co_filename
    folder = Path(__file__).parents[1]
    return file == "<EXPR>" or (folder.parent / file).is_relative_to(folder)
