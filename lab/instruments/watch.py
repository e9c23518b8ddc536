"""A stretch of code, watched once: how much of its time others could run.

What would lie is kept apart: other threads of the process that hold the GIL meanwhile,
and time in which the system gave the caller no core.
"""

import gc
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from lab.instruments.asker import Asker, SpanNs, starved_ns
from lab.instruments.held_in import held_in
from lab.instruments.knocker import KNOCKER
from lab.instruments.scope import Scope
from lab.instruments.starvation import Readiness
from lab.instruments.witness import Witness
from lab.records.pieces import Piece, cut, length, shared, total, without
from lab.records.trace import State, Trace
from lab.records.watched import Hold, Watched


class Watch:
    """with Watch(patience_s) as watch: ..., then watch.found(spans).

    patience_s: None, or the switch interval with which a second thread keeps asking for
    the GIL meanwhile: only so is seen that bytecode lets others in. witness: one more
    thread waits for it, and so proves what holds it throughout. The garbage collector
    is off: its time depends on all that the process has made. RuntimeError
    where another scope is running, ScopeUnavailable where there is none.
    """

    def __init__(
        self, patience_s: float | None = None, *, witness: bool = False
    ) -> None:
        self._asker = Asker(patience_s) if patience_s else None
        self._witness = Witness() if witness else None
        self._held_throughout = False
        self._scope = Scope()
        self._caller = threading.get_native_id()
        self._ready = Readiness()
        self._before: dict[int, int] = {}
        self._after: dict[int, int] = {}

    def __enter__(self) -> "Watch":
        self._collects = gc.isenabled()
        gc.disable()
        try:
            self._before = starved_ns()
            if self._asker:
                self._asker.start()
            if self._witness:
                self._witness.start()
            self._scope.__enter__()
            if self._witness:
                self._witness.stand()
            self._scope.settle()
        except BaseException:
            self._clean()
            raise
        if self._asker:
            self._asker.begin[0] = 1
        self._began_ns = time.monotonic_ns()
        self._starved_ns = self._ready.read_ns() or 0
        self._enter_cpu_ns = time.thread_time_ns()
        self.enter_ns = time.monotonic_ns()
        return self

    def __exit__(self, *error: object) -> None:
        self.leave_ns = time.monotonic_ns()
        self._leave_cpu_ns = time.thread_time_ns()
        self._starved_ns = (self._ready.read_ns() or 0) - self._starved_ns
        self._ended_ns = time.monotonic_ns()
        if self._witness:
            self._held_throughout = self._witness.leave()
        self._scope.settle()
        self._scope.__exit__(*error)
        self._clean()
        asked = self._asker.starved_ns if self._asker else {}
        self._after = {**asked, **starved_ns()}

    def _clean(self) -> None:
        self._ready.close()
        if self._asker:
            self._asker.stop()
        if self._witness:
            self._witness.stop()
        if self._collects:
            gc.enable()

    def found(
        self, spans: Sequence[SpanNs] = (), cpu: SpanNs | None = None, calls: int = 1
    ) -> Watched:
        """spans: when the code ran, in order; cpu: the caller's processor time then,
        where that was once; the whole block if not given. calls: how many alike, one
        after the other, that was."""
        cpu = cpu or (self._enter_cpu_ns, self._leave_cpu_ns)
        trace, began_ns = self._scope.trace, self._scope.began_ns
        times = [
            ((enter_ns - began_ns) / 1e9, (leave_ns - began_ns) / 1e9)
            for enter_ns, leave_ns in spans or [(self.enter_ns, self.leave_ns)]
        ]
        asker = self._asker
        knocks = [
            ((wanted_ns - began_ns) / 1e9, (got_ns - began_ns) / 1e9)
            for wanted_ns, got_ns in (asker.knocks if asker else ())
        ]
        patience_s = asker.patience_s if asker else 0.0
        witness = self._witness
        number = witness.native_id if witness else -1
        mine, others = _owners(trace, self._caller, number)
        held, free, unknown = _shares(
            trace, times, mine, others, _forced(knocks, patience_s)
        )
        proven_s = blocked_s = rest_s = 0.0
        if self._held_throughout:
            held, free, unknown = total(times), 0.0, 0.0
        elif witness:
            proven_s, blocked_s, rest_s = (ns / 1e9 for ns in witness.kept_ns)
            # By the witness, or in a sleep of its own: it is no part of the call.
            free = max(0.0, free - blocked_s)
        waited_s = {
            thread: (after - self._before.get(thread, 0)) / 1e9
            for thread, after in self._after.items()
        }
        asked = [(wanted + patience_s, got) for wanted, got in knocks]
        cuts = [got for _, got in knocks]
        starved_s = waited_s[self._caller] = self._starved_ns / 1e9
        holds = []
        for one in (*mine, *others):
            pieces = cut(shared(_states(trace, [one], "holds"), times), cuts)
            if pieces:
                thread = trace.threads[one]
                least_s = max(map(length, shared(pieces, asked)), default=0.0)
                least_s -= waited_s.get(thread.native_id, least_s)
                if asker and thread.native_id == self._caller:
                    asked_s = _computed_s(trace, one, knocks, asker, cpu)
                    least_s = max(least_s, asked_s)
                # Where nobody looked, it may have released and taken it again.
                least_s -= self._scope.unseen_s
                holds.append(
                    Hold(thread.name, one in mine, least_s, max(map(length, pieces)))
                )
        wall_s, cpu_s = total(times) - blocked_s, (cpu[1] - cpu[0]) / 1e9
        # So much of the waits for a core may have been before or after.
        outside_s = max(0.0, (self._ended_ns - self._began_ns) / 1e9 - total(times))
        least_starved_s = max(0.0, starved_s - outside_s)
        # Neither computing nor waiting for a core: it may have slept where nobody saw
        # in which state, next to time of which nothing is known.
        slept_s = max(0.0, wall_s - cpu_s - least_starved_s)
        found = Watched(
            wall_s=wall_s,
            starved_s=starved_s,
            least_starved_s=least_starved_s,
            held_s=held,
            free_s=free,
            unknown_s=unknown,
            ours_s=rest_s,
            proven_free_s=proven_s,
            error_s=min(self._scope.frozen_s, slept_s),
            samples=trace.samples,
            cpu_s=cpu_s,
            holds=tuple(holds),
            longest_wait_s=max(map(length, shared(knocks, times)), default=0.0),
            held_in=held_in(trace),
        )
        running_s = self._scope.running_error_s(
            held=min(1.0, held / max(wall_s, 1e-9)),
            own_s=found.own_s,
            cpu_s=min(cpu_s, found.own_s),
            call_s=found.own_s / calls,
        )
        error_s = 0.0 if self._held_throughout else found.error_s + running_s
        return replace(found, error_s=error_s)


def _owners(trace: Trace, caller: int, witness: int) -> tuple[list[int], list[int]]:
    """The places of the caller and the threads started meanwhile; of the others that
    held the GIL, but for the witness, -1 if there is none."""
    mine, others = [], []
    for place, thread in enumerate(trace.threads):
        if thread.native_id == witness:
            continue
        # Number 0: a thread that the scope could not name. It may have been started by
        # the caller, or be the witness, just let in.
        nameless = thread.native_id == 0
        if thread.native_id == caller or (
            witness < 0 if nameless else thread.start_s > 0
        ):
            mine.append(place)
        elif nameless or (thread.name != KNOCKER and thread.holds):
            others.append(place)
    return mine, others


def _shares(
    trace: Trace,
    times: list[Piece],
    mine: list[int],
    others: list[int],
    forced: list[Piece],
) -> tuple[float, float, float]:
    """Seconds in which mine held the GIL, did not, and in which that is unknown."""
    if trace.coarsened:  # too many changes to keep all of them: only their sums
        held = sum(trace.threads[one].holds for one in mine) * trace.duration_s
        rest = max(0.0, total(times) - held)
        return (held, 0.0, rest) if others or forced else (held, rest, 0.0)
    holds = shared(_states(trace, mine, "holds"), times)
    gaps = without(times, holds)
    doubt = sorted([*_states(trace, others, "holds"), *forced])
    doubtful = [gap for gap in gaps if shared([gap], doubt)] if doubt else []
    # Whoever runs without the GIL has let it go; whoever waits may have been made to.
    runs = shared(doubtful, _states(trace, mine, "runs_free")) if doubtful else []
    free = total(gaps) - total(doubtful) + total(runs)
    return total(holds), free, total(doubtful) - total(runs)


def _computed_s(
    trace: Trace, one: int, knocks: list[Piece], asker: Asker, cpu: SpanNs
) -> float:
    """The most that this thread, which made the asker, computed while holding the GIL
    and being asked for it: however little of a core it got."""
    runs = _states(trace, [one], "runs_free")
    most_s = 0.0
    for knock, (wanted_ns, got_ns) in zip(knocks, asker.cpu, strict=True):
        done_s = (min(got_ns, cpu[1]) - max(wanted_ns, cpu[0])) / 1e9
        free_s = total(shared([knock], runs))
        most_s = max(most_s, done_s - free_s - asker.patience_s)
    return most_s


def _forced(knocks: list[Piece], patience_s: float) -> list[Piece]:
    """When the GIL was handed over because somebody had asked for long enough."""
    return [(got, got + 1e-9) for wanted, got in knocks if got - wanted >= patience_s]


def _states(trace: Trace, places: list[int], state: State) -> list[Piece]:
    """When one of these threads was in this state: pieces in order, apart."""
    merged: list[Piece] = []
    for start_s, end_s in sorted(
        (one.start_s, one.end_s)
        for one in trace.segments
        if one.state == state and one.thread in places
    ):
        if merged and start_s <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end_s, merged[-1][1])
        else:
            merged.append((start_s, end_s))
    return merged
