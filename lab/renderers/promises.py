"""What was seen of a promise, in words: what a failing test shows."""

import math
from textwrap import wrap

from lab.instruments.probe import HELD
from lab.records.statistics import ceiling
from lab.records.units import duration, share, times
from lab.verdicts.promises import Kind, Outcome, PromiseFinding

RELEASE = """\
To release it, put the work that touches no Python object between these:
  Cython        with nogil:
  C             Py_BEGIN_ALLOW_THREADS ... Py_END_ALLOW_THREADS
  pybind11      py::gil_scoped_release release;
  nanobind      nb::gil_scoped_release release;
  PyO3          py.detach(|| ...), before 0.26 py.allow_threads(|| ...)
  ctypes        ctypes.CDLL, as ctypes.PyDLL holds it
  numba, f2py   @njit(nogil=True), !f2py threadsafe"""
PARTS = "Or release it more often: after each part of the work."
CHECK = "If it is meant to release the GIL now, assert that instead."
OPEN = (
    "This is no pass and no fail. Give the call more work, run the test on a quieter\n"
    'machine, or let such tests be skipped: gil_undecided = "skip" (pytest.ini).'
)


def text(name: str, finding: PromiseFinding) -> str:
    """name: of what was watched. The answer, the figures, what to do; plain ASCII."""
    promise, lines = finding.promise, [_answer(name, finding)]
    lines.append(f"  wanted        {_wanted(finding)}")
    if finding.outcome is Outcome.OPEN:
        lines += wrap(
            finding.reason,
            80,
            initial_indent="  because       ",
            subsequent_indent=" " * 16,
        )
    lines += _figures(finding)
    if finding.outcome is Outcome.OPEN:
        lines.append(OPEN)
    elif promise.kind is Kind.HELD:
        lines.append(CHECK)
    else:
        lines.append(RELEASE)
    if promise.kind is Kind.LONGEST_HOLD and finding.outcome is Outcome.BROKEN:
        lines.append(PARTS)
    return "\n".join(lines)


def _answer(name: str, finding: PromiseFinding) -> str:
    if finding.outcome is Outcome.OPEN:
        return f"cannot tell what {name} does with the GIL"
    if finding.promise.kind is Kind.LONGEST_HOLD:
        return f"{name} holds the GIL for too long at a time"
    if finding.promise.kind is Kind.HELD:
        return f"{name} releases the GIL"
    most = finding.high <= HELD
    return f"{name} {'holds' if most else 'does not release enough of'} the GIL"


def _wanted(finding: PromiseFinding) -> str:
    bound = finding.promise.bound
    if finding.promise.kind is Kind.LONGEST_HOLD:
        return f"no hold above {duration(bound)}"
    most = "at least" if finding.promise.kind is Kind.RELEASED else "at most"
    return f"GIL-free for {most} {bound:g} of the time"


def _figures(finding: PromiseFinding) -> list[str]:
    calls = "call" if finding.calls == 1 else "calls"
    low, high = _ceiling(finding.low), _ceiling(finding.high)
    most = low if low == high else f"{low} to {high}"
    by = [f"  held by       {finding.holder}"]
    inside = f"  held in       {finding.held_in}"
    return [
        f"  GIL-free      {_share(finding)} of the time{_seen(finding)}",
        f"  ceiling       {most} for any number of threads",
        f"  longest hold  {_hold(finding)}",
        *(by if finding.holder not in ("", "MainThread") else ()),
        *(wrap(inside, 80, subsequent_indent=" " * 16) if finding.held_in else ()),
        f"  own time      {duration(finding.duration_s)} a call, less its waits for a "
        f"core; {finding.calls} {calls}",
    ]


def _seen(finding: PromiseFinding) -> str:
    if not finding.high:
        return ": a thread that waited for it never got it"
    return f", {finding.samples} samples"


def _share(finding: PromiseFinding) -> str:
    low, high = finding.low, finding.high
    if not high:
        return "none"
    if high - low == 1:
        return "unknown part"
    half = (high - low) / 2
    # The interval need not lie evenly about the share.
    middle = low + half
    return share(middle, half) if half else f"{middle:.3g}"


def _hold(finding: PromiseFinding) -> str:
    if not finding.hold_high_s:
        return "none seen"
    low, high = duration(finding.hold_low_s), duration(finding.hold_high_s)
    longest = f"up to {high}" if finding.hold_low_s <= 0 else f"{low} to {high}"
    return f"{high if low == high else longest}, with no chance for others"


def _ceiling(gil_free: float) -> str:
    top = ceiling(gil_free)
    return "no bound" if math.isinf(top) else times(top)
