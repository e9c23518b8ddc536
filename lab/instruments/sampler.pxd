# What scope.pyx and sampled_trace.pyx use of the C files; the headers say what it is.

from libc.stdint cimport int32_t, int64_t, uint64_t, uintptr_t


cdef extern from "gil_state.h" nogil:
    ctypedef struct layout:
        pass
    ctypedef struct gil_place:
        layout at
        int process
        int memory
        int foreign
    ctypedef struct gil_thread:
        uint64_t serial
        uintptr_t address
        unsigned long ident
        unsigned long native_id
    int layout_known()
    int layout_find(gil_place *place)
    int layout_of_runtime(const void *bytes, size_t count, layout *at)
    int gil_state_attach(gil_place *place, uintptr_t runtime)
    void layout_count_deaths(gil_place *place, int on)
    int gil_state_enabled(const gil_place *place)
    int gil_state_locked(const gil_place *place)
    uintptr_t gil_state_holder(const gil_place *place)
    int gil_state_contains(const gil_place *place, uintptr_t address)
    int gil_state_listed(const gil_place *place, const gil_thread *known)
    int gil_state_threads(const gil_place *place, gil_thread *out, int room)


cdef extern from "frames.h" nogil:
    ctypedef struct frame_book:
        pass


cdef extern from "lines.h" nogil:
    enum:
        NO_ROOM
        NATIVE
        UNREAD
    ctypedef struct stack_node:
        int32_t parent
        int32_t code
        int64_t line
        int64_t held_ns
        int64_t wanted_ns
        int64_t ran_ns
    ctypedef struct line_place:
        int32_t code
        int32_t unit
        int32_t line
        int32_t opcode
        int64_t held_ns
        int64_t ran_ns
        int64_t wanted_ns
        int64_t longest_ns
    ctypedef struct lines:
        frame_book *book
        int32_t open
        int64_t spent_ns[1]
        int64_t ran_ns[1]
        int32_t node_count
        int32_t place_count
        stack_node nodes[1]
        line_place places[1]


cdef extern from "sampler.h" nogil:
    enum:
        WAITS
        HOLDS
        RUNS_FREE
        WANTS
        BLOCKED
        READY
        ABSENT
        CALLS
        HOLDERS
        THREADS
        EVENTS
        UNTRACKED
    ctypedef struct tally:
        int64_t spent_ns[1]
        int64_t ran_ns[1]
        int state
        int64_t longest_ns[1]
        int64_t changes[1]
        double change_ns2[1]
    ctypedef struct portion:
        int64_t key
        int64_t ns
    ctypedef struct thread_record:
        gil_thread thread
        tally spent
        int64_t begin_ns
        int64_t end_ns
        portion calls[1]
        portion behind[1]
    ctypedef struct event:
        int64_t at_ns
        uint64_t serial
        int before
        int after
        int32_t place
    ctypedef struct gap_sums:
        int64_t unseen_ns
        double unseen_ns2
        int64_t frozen_ns
        double frozen_ns2
        int64_t edge_ns
        int64_t prompt
        int64_t prompt_ns
        int64_t prompt_ran_ns
        int64_t prompt_changes
        double prompt_change_ns2
    ctypedef struct sampler:
        gil_place place
        int64_t interval_ns
        int cores
        int64_t paused_ns
        int64_t filled_ns
        int64_t begin_ns
        int64_t end_ns
        int64_t samples
        int64_t lost
        int64_t folded
        gap_sums gaps
        gap_sums settled
        int64_t settled_at
        int tells
        int gone
        tally whole
        tally contention
        lines *lines
        thread_record threads[1]
        int64_t event_count
        int64_t event_room
        event events[1]
    const char *sampler_problem()
    const char *call_name(int number)
    double told_ns(const sampler *s, int64_t spent_ns, int64_t ran_ns)
    sampler *sampler_new()
    void sampler_free(sampler *s)
    int sampler_resume(sampler *s)
    void sampler_stop(sampler *s)
    void sampler_join(sampler *s)
    void sampler_close(sampler *s, uintptr_t caller)
