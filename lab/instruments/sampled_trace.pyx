# C files: call_names.c
"""A Trace of what the sampler noted."""

from libc.math cimport fmax
from libc.stdint cimport int64_t

from lab.instruments.sampled_lines cimport lines_of
from lab.instruments.sampler cimport (
    ABSENT, BLOCKED, CALLS, HOLDERS, HOLDS, READY, RUNS_FREE, THREADS,
    NATIVE, NO_ROOM, UNREAD, UNTRACKED, WAITS, WANTS,
    call_name, event, sampler, tally, thread_record, told_ns,
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
    cdef double whole_ns = _whole_ns(s), held_ns = _told_ns(s, &s.whole, HOLDS)
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
    lines, stacks, by_place = lines_of(s, indices, whole_ns)
    return Trace(
        python=python,
        duration_s=wall_ns / 1e9,
        asked_s=s.interval_ns / 1e9,
        interval_s=s.paused_ns / max(1, s.samples) / 1e9,
        samples=s.samples,
        lost=s.lost,
        gil_free=1.0 - held_ns / whole_ns if s.samples else 0.0,
        error=_error(s, &s.whole, HOLDS),
        held=held_ns / whole_ns,
        runs_free=_told_ns(s, &s.whole, RUNS_FREE) / whole_ns,
        idle=_told_ns(s, &s.whole, WAITS) / whole_ns,
        threads=tuple([_thread(s, &s.threads[i], names, indices) for _, i in found]),
        folded=s.folded,
        segments=_segments(s, indices, by_place, first_ns),
        segments_start_s=(first_ns - s.begin_ns) / 1e9,
        told_apart=bool(s.tells),
        contention=_told_ns(s, &s.contention, WANTS) / whole_ns,
        contention_error=_error(s, &s.contention, WANTS),
        has_lines=True,
        lines=lines,
        stacks=stacks,
        lines_unread=_line_ns(s, UNREAD) / whole_ns,
        lines_native=_line_ns(s, NATIVE) / whole_ns,
        lines_folded=_line_ns(s, NO_ROOM) / whole_ns,
    )


cdef double _told_ns(sampler *s, tally *spent, int state) noexcept:
    return told_ns(s, spent.spent_ns[state], spent.ran_ns[state])


cdef double _line_ns(sampler *s, int found) noexcept:
    return told_ns(s, s.lines.spent_ns[found], s.lines.ran_ns[found])


cdef double _whole_ns(sampler *s) noexcept:
    # 1 where no sample was taken: every share is 0 then, with an error of 1.
    cdef double whole_ns = 0.0
    for state in (WAITS, HOLDS, RUNS_FREE):
        whole_ns += _told_ns(s, &s.whole, state)
    return fmax(1.0, whole_ns)


cdef object _error(sampler *s, tally *spent, int state):
    cdef int64_t *seen_ns = s.whole.spent_ns
    return half_width(
        share=_told_ns(s, spent, state) / _whole_ns(s),
        samples=s.samples,
        changes=spent.changes[state],
        change_ns2=spent.change_ns2[state],
        seen_ns=seen_ns[WAITS] + seen_ns[HOLDS] + seen_ns[RUNS_FREE],
        ran_ns=s.gaps.prompt_ran_ns,
        ran_share=spent.ran_ns[state] / fmax(1.0, s.gaps.prompt_ran_ns),
        unseen_ns=s.gaps.unseen_ns,
        unseen_ns2=s.gaps.unseen_ns2,
        frozen_ns2=s.gaps.frozen_ns2,
    )


cdef object _thread(sampler *s, thread_record *one, names, dict indices):
    cdef double whole_ns = _whole_ns(s)
    cdef tally *spent = &one.spent
    end_ns = one.end_ns or s.end_ns
    serial, number = one.thread.serial, one.thread.native_id
    # "others" are several, so they wait for more than all of the time.
    waits = [
        _told_ns(s, spent, state) / whole_ns if serial else 0.0
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
        holds=_told_ns(s, spent, HOLDS) / whole_ns,
        runs_free=_told_ns(s, spent, RUNS_FREE) / whole_ns,
        waits=min(1.0, sum(waits)),
        error=_error(s, &one.spent, HOLDS),
        longest_hold_s=one.spent.longest_ns[HOLDS] / 1e9,
        wants=waits[0],
        wants_error=_error(s, &one.spent, WANTS),
        longest_want_s=one.spent.longest_ns[WANTS] / 1e9,
        ready=waits[1],
        blocked=waits[2],
        calls=_calls(one, waits[2]),
        behind=_behind(one, waits[0], indices),
    )


cdef object _calls(thread_record *one, double blocked):
    cdef double all_ns = fmax(1.0, one.spent.spent_ns[BLOCKED])
    calls = []
    for i in range(CALLS):
        if one.calls[i].ns:
            name = name_of_call(<int>one.calls[i].key)
            calls.append(Call(name, blocked * one.calls[i].ns / all_ns))
    return tuple(sorted(calls, key=attrgetter("share"), reverse=True))


cdef object _behind(thread_record *one, double wants, dict indices):
    cdef double all_ns = fmax(1.0, one.spent.spent_ns[WANTS])
    behind = [
        Behind(indices[one.behind[i].key], wants * one.behind[i].ns / all_ns)
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
