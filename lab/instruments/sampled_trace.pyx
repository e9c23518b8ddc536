# C files: call_names.c
"""A Trace of what the sampler noted."""

from libc.stdint cimport int64_t

from lab.instruments.sampled_lines cimport lines_of
from lab.instruments.sampler cimport (
    ABSENT, BLOCKED, CALLS, HOLDERS, HOLDS, READY, RUNS_FREE, THREADS,
    NATIVE, NO_ROOM, UNREAD, UNTRACKED, WAITS, WANTS,
    call_name, event, sampler, tally, thread_record,
)

from operator import attrgetter

from lab.records.sampling_error import half_width
from lab.records.trace import Behind, Call, Segment, ThreadTrace, Trace


def name_of_call(int number):
    """The name of a system call that waits, or its number."""
    name = call_name(number)
    return f"call {number}" if name == NULL else name.decode()


cdef object trace_of(sampler *s, object names, object python):
    cdef int64_t wall_ns = s.end_ns - s.begin_ns
    cdef double seen_ns = _seen_ns(s)
    cdef int i
    found = []
    for i in range(THREADS + 1):
        others = i == UNTRACKED and s.threads[i].spent.longest_ns[HOLDS]
        if s.threads[i].thread.serial or others:
            found.append((s.threads[i].thread.serial or 2**64, i))
    found.sort()
    indices = {serial % 2**64: place for place, (serial, i) in enumerate(found)}
    first_ns = s.begin_ns
    if s.event_count > s.event_room:
        first_ns = s.events[s.event_count % s.event_room].at_ns
    lines, stacks, by_place = lines_of(s, indices, seen_ns)
    return Trace(
        python=python,
        duration_s=wall_ns / 1e9,
        asked_s=s.interval_ns / 1e9,
        interval_s=s.paused_ns / max(1, s.samples) / 1e9,
        samples=s.samples,
        lost=s.lost,
        gil_free=(s.whole.spent_ns[RUNS_FREE] + s.whole.spent_ns[WAITS]) / seen_ns,
        error=_error(s, &s.whole, HOLDS),
        held=s.whole.spent_ns[HOLDS] / seen_ns,
        runs_free=s.whole.spent_ns[RUNS_FREE] / seen_ns,
        idle=s.whole.spent_ns[WAITS] / seen_ns,
        threads=tuple([_thread(s, &s.threads[i], names, indices) for _, i in found]),
        folded=s.folded,
        segments=_segments(s, indices, by_place, first_ns),
        segments_start_s=(first_ns - s.begin_ns) / 1e9,
        told_apart=bool(s.tells),
        contention=s.contention.spent_ns[WANTS] / seen_ns,
        contention_error=_error(s, &s.contention, WANTS),
        has_lines=True,
        lines=lines,
        stacks=stacks,
        lines_unread=s.lines.spent_ns[UNREAD] / seen_ns,
        lines_native=s.lines.spent_ns[NATIVE] / seen_ns,
        lines_folded=s.lines.spent_ns[NO_ROOM] / seen_ns,
    )


cdef double _seen_ns(sampler *s) noexcept:
    # 1 where no sample was taken: every share is 0 then, with an error of 1.
    cdef int64_t *spent_ns = s.whole.spent_ns
    return max(1, spent_ns[WAITS] + spent_ns[HOLDS] + spent_ns[RUNS_FREE])


cdef object _error(sampler *s, tally *spent, int state):
    return half_width(
        share=spent.spent_ns[state] / _seen_ns(s),
        samples=s.samples,
        changes=spent.changes[state],
        change_ns2=spent.change_ns2[state],
        seen_ns=_seen_ns(s),
        unseen_ns=s.gaps.unseen_ns,
        unseen_ns2=s.gaps.unseen_ns2,
        frozen_ns2=s.gaps.frozen_ns2,
    )


cdef object _thread(sampler *s, thread_record *one, names, dict indices):
    cdef double seen_ns = _seen_ns(s)
    cdef int64_t *spent_ns = one.spent.spent_ns
    end_ns = one.end_ns or s.end_ns
    serial, number = one.thread.serial, one.thread.native_id
    # "others" are several, so they wait for more than all of the time.
    waits = [
        spent_ns[state] / seen_ns if serial else 0.0
        for state in (WANTS, READY, BLOCKED, WAITS)
    ]
    name, native_id = "others", number
    if serial:
        name, native_id = names.of(serial, one.thread.ident, number, one.end_ns != 0)
    return ThreadTrace(
        name=name,
        native_id=native_id,
        start_s=(one.begin_ns - s.begin_ns) / 1e9,
        end_s=(end_ns - s.begin_ns) / 1e9,
        holds=spent_ns[HOLDS] / seen_ns,
        runs_free=spent_ns[RUNS_FREE] / seen_ns,
        waits=min(1.0, sum(waits)),
        error=_error(s, &one.spent, HOLDS),
        longest_hold_s=one.spent.longest_ns[HOLDS] / 1e9,
        wants=waits[0],
        wants_error=_error(s, &one.spent, WANTS),
        longest_want_s=one.spent.longest_ns[WANTS] / 1e9,
        ready=waits[1],
        blocked=waits[2],
        calls=_calls(one, seen_ns),
        behind=_behind(one, seen_ns, indices),
    )


cdef object _calls(thread_record *one, double seen_ns):
    calls = []
    for i in range(CALLS):
        if one.calls[i].ns:
            name = name_of_call(<int>one.calls[i].key)
            calls.append(Call(name, one.calls[i].ns / seen_ns))
    return tuple(sorted(calls, key=attrgetter("share"), reverse=True))


cdef object _behind(thread_record *one, double seen_ns, dict indices):
    behind = [
        Behind(indices[one.behind[i].key], one.behind[i].ns / seen_ns)
        for i in range(HOLDERS)
        if one.behind[i].ns and one.behind[i].key in indices
    ]
    return tuple(sorted(behind, key=attrgetter("share"), reverse=True))


cdef object _segments(sampler *s, dict indices, list by_place, int64_t first_ns):
    """From changes of state to segments. A thread with no change that was kept has
    been in its last state since the first one."""
    cdef event *one
    cdef int64_t k
    words = {
        WAITS: "waits", HOLDS: "holds", RUNS_FREE: "runs_free",
        WANTS: "wants", BLOCKED: "blocked", READY: "ready",
    }
    since = {}
    segments = []

    def close(serial, before, end_ns, held_most):
        if before != ABSENT and serial in indices:
            start_ns = since.get(serial, first_ns)
            if start_ns < end_ns:
                segments.append(
                    Segment(
                        indices[serial],
                        words[before],
                        (start_ns - s.begin_ns) / 1e9,
                        (end_ns - s.begin_ns) / 1e9,
                        by_place[held_most] if held_most >= 0 else None,
                    )
                )
        since[serial] = end_ns

    for k in range(max(0, s.event_count - s.event_room), s.event_count):
        one = &s.events[k % s.event_room]
        close(one.serial, one.before, one.at_ns, one.place)
    for i in range(THREADS + 1):
        serial = s.threads[i].thread.serial
        if serial in indices and s.threads[i].end_ns == 0:
            state = s.threads[i].spent.state
            close(serial, state, s.end_ns, s.lines.open if state == HOLDS else -1)
    segments.sort(key=attrgetter("thread", "start_s"))
    return tuple(segments)
