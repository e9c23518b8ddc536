"""The scope, held to what is known: doses, sleepers, threads that come and go.

Others may be using the machine, so nothing here expects a speed: bounds come from
the trace's own error, or are so wide that only a wrong reading breaks them.
"""

import _thread
import ctypes
import os
import platform
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from lab.calls.doses import dose, mixed, wanting
from lab.instruments.scope import Scope, ScopeUnavailable, unavailable
from lab.kernels import collatz_held, collatz_released
from lab.records.trace import ThreadTrace, Trace

HOLDS = ctypes.PyDLL(None)
RELEASES = ctypes.CDLL(None)

needs_gil = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """After each test: the same threads, hooks and switch interval as before."""
    hook = threading.Thread.__dict__["_set_native_id"]
    before = len(os.listdir("/proc/self/task"))
    yield
    assert threading.Thread.__dict__["_set_native_id"] is hook
    end = time.monotonic() + 10  # the system lets go of a joined thread a bit later
    while len(os.listdir("/proc/self/task")) > before and time.monotonic() < end:
        time.sleep(0.001)
    # Fewer: one that an earlier test joined was still going when this one began.
    assert len(os.listdir("/proc/self/task")) <= before


def traced(*calls: Callable[[], object]) -> Trace:
    """Run each call in a thread of its own, named worker 0, 1, ..., under a scope."""
    threads = [
        threading.Thread(target=call, name=f"worker {place}")
        for place, call in enumerate(calls)
    ]
    with Scope() as scope:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return scope.trace


def workers(trace: Trace) -> list[ThreadTrace]:
    return [each for each in trace.threads if each.name.startswith("worker")]


def dosed(hold_us: float, free_us: float, seconds: float) -> tuple[Trace, float, float]:
    """What a scope sees of a dose; the true GIL-free part; how wide the error may be.

    A state in which the thread stands without a core is seen once, not many times: so
    the error may be as wide as that part of the time, and some more.
    """
    with Scope() as scope:
        begin_s, cpu_begin_s = time.monotonic(), time.thread_time()
        true = dose(hold_us, free_us, seconds)
        cpu_s, wall_s = time.thread_time() - cpu_begin_s, time.monotonic() - begin_s
    return scope.trace, true, 0.3 + max(0.0, 1 - cpu_s / wall_s)


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@needs_gil
@pytest.mark.parametrize(
    ("hold_us", "free_us"),
    [
        (5000, 5000),
        (200, 200),
        (20, 20),
        (2, 2),
        (500, 50),
        (50, 500),
        (20, 2),
        (2, 20),
    ],
)
def test_known_doses(hold_us: float, free_us: float) -> None:
    trace, true, widest = dosed(hold_us, free_us, 0.2)
    assert trace.samples > 50
    assert trace.error < widest
    # 2.5 half widths: an interval that covers misses them once in a million runs.
    assert abs(trace.gil_free - true) <= 2.5 * trace.error
    assert trace.held + trace.runs_free + trace.idle == pytest.approx(1)
    assert trace.gil_free == pytest.approx(trace.runs_free + trace.idle)
    main = trace.threads[0]
    assert main.holds == pytest.approx(trace.held, abs=0.01)
    assert main.holds + main.runs_free + main.waits == pytest.approx(1, abs=0.01)


def sampler_cpu_s() -> float:
    """The processor time that the running scope's own thread has taken."""
    for task in os.listdir("/proc/self/task"):
        if Path(f"/proc/self/task/{task}/comm").read_text() == "gil-lab scope\n":
            return time.clock_gettime(
                ~int(task) << 3 | 6
            )  # as in lab/instruments/clocks.c
    raise AssertionError("no sampler")


@needs_gil
def test_many_threads_cost_little_and_are_measured_well() -> None:
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(50)]
    for thread in threads:
        thread.start()
    try:
        with Scope() as scope:
            dose(200, 200, 0.05)
            began_s, before_s = time.monotonic(), sampler_cpu_s()
            true = dose(200, 200, 0.5)
            taken = (sampler_cpu_s() - before_s) / (time.monotonic() - began_s)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    trace = scope.trace
    assert taken < 0.1
    assert trace.samples > 20
    assert abs(trace.gil_free - true) <= 2.5 * trace.error + 0.02  # before the dose
    assert trace.interval_s > trace.asked_s > 0
    # Each of them, beside those of whoever runs the tests.
    names = {thread.name for thread in threads}
    assert len({thread.name for thread in trace.threads} & names) == 50


@needs_gil
def test_a_program_that_fills_every_core_is_sampled_less_often() -> None:
    cores = len(os.sched_getaffinity(0))
    trace = traced(*[lambda: mixed(0, 10**8, 1)] * cores)
    assert trace.interval_s > trace.asked_s


@needs_gil
@pytest.mark.parametrize(
    ("call", "least", "most"),
    [
        (lambda: collatz_held(400_000), 0.0, 0.05),
        (lambda: mixed(10**8, 0, 1), 0.0, 0.05),
        (lambda: sum(range(5_000_000)), 0.0, 0.05),
        (lambda: collatz_released(400_000), 0.95, 1.0),
        (lambda: time.sleep(0.1), 0.95, 1.0),
    ],
)
def test_held_and_released(
    call: Callable[[], object], least: float, most: float
) -> None:
    with Scope() as scope:
        call()
    trace = scope.trace
    assert least - trace.error <= trace.gil_free <= most + trace.error


@needs_gil
def test_released_sleepers_all_wait_and_nobody_holds() -> None:
    trace = traced(*[lambda: RELEASES.usleep(200_000)] * 8)
    assert trace.gil_free > 0.8 - trace.error
    assert trace.idle > 0.7 - trace.error
    assert len(workers(trace)) == 8
    for worker in workers(trace):
        assert worker.waits > 0.5 * (worker.end_s - worker.start_s) / trace.duration_s
        assert worker.holds < 0.2


@needs_gil
def test_held_sleepers_hold_one_at_a_time() -> None:
    trace = traced(*[lambda: HOLDS.usleep(50_000)] * 4)
    # None sleeps for less; between two a crowded machine may leave the GIL to nobody.
    assert (trace.held + trace.error) * trace.duration_s > 0.9 * 4 * 0.05
    for worker in workers(trace):
        assert (worker.holds + worker.error) * trace.duration_s > 0.9 * 0.05
        assert worker.longest_hold_s > 0.025
    assert trace.longest_holder in workers(trace)
    holds = sorted(
        (each.start_s, each.end_s) for each in trace.segments if each.state == "holds"
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(holds))


@needs_gil
def test_bytecode_threads_share_the_gil() -> None:
    trace = traced(lambda: busy(1.0), lambda: busy(1.0))
    first, second = (worker.holds for worker in workers(trace))
    # On a crowded machine nobody holds the GIL while who is to get it has no core.
    lacking = sum(worker.ready for worker in workers(trace))
    assert first + second + lacking > 0.8 - trace.error
    assert min(first, second) > 0.2 * (first + second)
    assert all(worker.runs_free < 0.1 for worker in workers(trace))


@needs_gil
def test_running_free_is_told_from_waiting() -> None:
    ran_s: list[float] = []

    def work() -> None:
        collatz_released(2_000_000)
        ran_s.append(time.thread_time())

    trace = traced(work)
    (worker,) = workers(trace)
    assert worker.holds < 0.2
    assert worker.runs_free * trace.duration_s > 0.5 * ran_s[0]
    main = next(each for each in trace.threads if each.name == "MainThread")
    assert main.waits > 0.7
    assert main.runs_free < 0.2


def told_apart() -> bool:
    """Whether this system tells for what threads wait."""
    with Scope() as scope:
        time.sleep(0.01)
    return scope.trace.told_apart


@needs_gil
def test_what_threads_are_blocked_in_is_named() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    seconds, lock = 0.4, threading.Lock()
    read, write = os.pipe()
    with select.epoll() as poll, lock:
        calls: dict[str, Callable[[], object]] = {
            "clock_nanosleep": lambda: RELEASES.usleep(int(seconds * 1e6)),
            "futex": lambda: lock.acquire(timeout=seconds),
            "epoll_wait": lambda: poll.poll(seconds),
            "read": lambda: os.read(read, 1),
        }
        threads = [
            threading.Thread(target=call, name=name) for name, call in calls.items()
        ]
        with Scope() as scope:
            for thread in threads:
                thread.start()
            time.sleep(seconds)
            os.write(write, b"x")
            for thread in threads:
                thread.join()
    os.close(read)
    os.close(write)
    trace = scope.trace
    for one in trace.threads:
        if one.name in calls:
            # Of musl and other processors: nanosleep, epoll_pwait.
            assert one.calls[0].name.rpartition("_")[0] in one.name, one
            assert one.blocked > 0.6 * one.waits - trace.error
            assert one.wants <= one.wants_error


@needs_gil
def test_wanting_the_gil_is_told_and_who_holds_it() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    found: list[float] = []
    wanter = threading.Thread(
        target=lambda: found.append(wanting(2000, 0.5)), name="wanter"
    )
    with Scope() as scope:
        wanter.start()
        while not found:
            HOLDS.usleep(5000)
            RELEASES.usleep(5000)
        wanter.join()
    trace = scope.trace
    one = next(each for each in trace.threads if each.name == "wanter")
    # Who got the GIL still needs a core.
    off = 2.5 * one.wants_error
    alive = (one.end_s - one.start_s) / trace.duration_s
    assert one.wants - off <= found[0] * alive <= one.wants + one.ready + off
    assert trace.contention == pytest.approx(one.wants, abs=0.05 + off)
    assert one.longest_want_s > 0.001
    assert [trace.threads[it.holder].name for it in one.behind][:1] == ["MainThread"]
    assert sum(it.share for it in one.behind) <= one.wants + 1e-6


@needs_gil
def test_a_thread_without_a_core_is_ready() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    core = min(os.sched_getaffinity(0))
    ran: list[float] = []

    def spin() -> None:
        os.sched_setaffinity(0, {core})
        began_s, before_s = time.monotonic(), time.thread_time()
        mixed(0, 10**8, 1)
        took_s = time.monotonic() - began_s
        ran.append((time.thread_time() - before_s) / took_s)

    trace = traced(spin, spin)
    if len(os.sched_getaffinity(0)) == 1:
        return  # the sampler itself is on that core
    for one in workers(trace):
        alive = (one.end_s - one.start_s) / trace.duration_s
        assert one.ready > 0.3 * alive * (1 - max(ran)) - trace.error
        assert one.blocked < 0.2 * alive + trace.error


@needs_gil
def test_files_of_the_program_are_its_own() -> None:
    read, write = os.pipe()
    with Scope():
        time.sleep(0.02)  # it has files open by now
        os.close(write)
        assert os.read(read, 1) == b""  # nobody else holds the other end
        lowest = os.open("/dev/null", os.O_RDONLY)
        os.close(lowest)
        assert lowest == write
    os.close(read)


@needs_gil
def test_edges_are_where_the_state_changed() -> None:
    edges = []
    with Scope() as scope:
        begin = time.monotonic()
        for _ in range(10):
            edges.append(time.monotonic() - begin)
            RELEASES.usleep(10_000)
            edges.append(time.monotonic() - begin)
            HOLDS.usleep(10_000)
    seen = [each.start_s for each in scope.trace.segments if each.thread == 0]
    distances = sorted(min(abs(edge - start) for start in seen) for edge in edges)
    assert distances[len(distances) // 2] < 0.002


@needs_gil
def test_segments_tile_each_thread() -> None:
    trace = traced(*[lambda: busy(0.1)] * 3)
    assert not trace.coarsened
    for place, thread in enumerate(trace.threads):
        own = [each for each in trace.segments if each.thread == place]
        assert own[0].start_s == pytest.approx(thread.start_s, abs=1e-6)
        assert own[-1].end_s == pytest.approx(thread.end_s, abs=1e-6)
        for before, after in pairwise(own):
            assert after.start_s == before.end_s
            assert after.state != before.state


@needs_gil
def test_a_long_timeline_keeps_its_recent_part() -> None:
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            time.sleep(0)

    threads = [threading.Thread(target=turn, daemon=True) for _ in range(40)]
    with Scope() as scope:
        for thread in threads:
            thread.start()
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
    trace = scope.trace
    assert len(trace.segments) <= 2**17 + len(trace.threads)
    assert min(each.start_s for each in trace.segments) >= trace.segments_start_s


@needs_gil
def test_threads_bear_the_names_python_gives_them() -> None:
    go = threading.Event()
    early = threading.Thread(target=go.wait, name="early")
    early.start()
    with Scope() as scope:
        short = threading.Thread(target=busy, args=(0.02,), name="short")
        short.start()
        short.join()
        late = threading.Thread(target=go.wait, name="late")
        late.start()
        late.name = "renamed"
        done = threading.Lock()
        done.acquire()
        numbers: list[int] = []

        def raw() -> None:
            numbers.append(threading.get_native_id())
            busy(0.02)
            done.release()

        _thread.start_new_thread(raw, ())
        done.acquire()
        time.sleep(0.01)
    go.set()
    early.join()
    late.join()
    trace = scope.trace
    by_name = {each.name: each for each in trace.threads}
    assert {"MainThread", "early", "short", "renamed"} < set(by_name)
    assert by_name["MainThread"].native_id == threading.get_native_id()
    assert by_name["early"].native_id == early.native_id
    assert by_name["short"].native_id == short.native_id
    assert by_name["renamed"].native_id == late.native_id
    assert by_name[f"native {numbers[0]}"].native_id == numbers[0]
    assert by_name["short"].end_s < trace.duration_s
    assert by_name["renamed"].start_s > 0
    assert by_name["renamed"].end_s == pytest.approx(trace.duration_s)


@needs_gil
def test_a_reused_address_is_not_the_old_thread() -> None:
    # CPython gives each of these the thread state of the last, at the same address.
    with Scope() as scope:
        for place in range(50):
            thread = threading.Thread(
                target=HOLDS.usleep, args=(3000,), name=f"worker {place}"
            )
            thread.start()
            thread.join()
    trace = scope.trace
    # On a crowded machine the sampler can sleep through one, but mixes none up.
    seen = [int(each.name.removeprefix("worker ")) for each in workers(trace)]
    assert seen == sorted(set(seen))
    assert len(seen) > 25
    assert sum(each.holds for each in workers(trace)) > 0.3
    assert all(each.holds < 0.5 for each in workers(trace))


@needs_gil
def test_ten_thousand_short_lived_threads() -> None:
    with Scope() as scope:
        for _ in range(10_000):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
    trace = scope.trace
    assert 10 < len(trace.threads) <= 2**11 + 1
    assert trace.threads[0].name == "MainThread"
    known = [each for each in trace.threads if each.name.startswith("Thread-")]
    assert len(known) > 0.8 * len(trace.threads)
    assert sum(each.holds for each in trace.threads) <= 1 + 1e-6


@needs_gil
def test_exceptions_pass_and_a_scope_can_run_again() -> None:
    scope = Scope()
    with pytest.raises(KeyError, match="mine"), scope:
        raise KeyError("mine")
    assert scope.trace.duration_s > 0
    first = scope.trace
    assert scope.trace is first
    with scope:
        time.sleep(0.01)
    assert scope.trace is not first
    assert scope.trace.duration_s >= 0.01


@needs_gil
def test_nested_scopes_are_refused() -> None:
    with Scope() as outer:
        with pytest.raises(RuntimeError, match="do not nest"), Scope():
            pass
        with pytest.raises(RuntimeError, match="still runs"):
            _ = outer.trace
    assert outer.trace.threads[0].name == "MainThread"
    with pytest.raises(RuntimeError, match="has not run"):
        _ = Scope().trace


@pytest.mark.parametrize("interval", [0, -1, 1e-9, 1, float("nan"), float("inf")])
def test_interval_is_checked(interval: float) -> None:
    with pytest.raises(ValueError, match="interval: "):
        Scope(interval=interval)


@needs_gil
def test_fork_inside_leaves_the_child_without_a_scope() -> None:
    with Scope() as scope:
        child = os.fork()
        if child == 0:  # the child: no pytest from here on
            status = 1
            try:
                with pytest.raises(RuntimeError):
                    _ = scope.trace
                with Scope() as own:
                    time.sleep(0.02)
                scope.__exit__(None, None, None)
                with pytest.raises(RuntimeError):
                    _ = scope.trace
                status = 0 if own.trace.threads[0].name == "MainThread" else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        before = scope
        time.sleep(0.05)
    assert before.trace.gil_free > 0.3
    assert before.trace.samples > 10


@needs_gil
def test_signals_reach_the_program_and_not_the_sampler() -> None:
    caught: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda number, _: caught.append(number))
    try:
        with Scope():
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            end = time.monotonic() + 20
            while len(caught) < 5 and time.monotonic() < end:
                time.sleep(0.001)
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, old)
    assert len(caught) >= 5


@needs_gil
def test_a_hook_put_over_ours_stays() -> None:
    original = threading.Thread._set_native_id  # type: ignore[attr-defined]
    seen: list[str] = []
    try:
        with Scope():
            ours = threading.Thread._set_native_id  # type: ignore[attr-defined]

            def theirs(thread: threading.Thread) -> None:
                seen.append(thread.name)
                ours(thread)

            threading.Thread._set_native_id = theirs  # type: ignore[attr-defined]
        assert threading.Thread._set_native_id is theirs  # type: ignore[attr-defined]
        thread = threading.Thread(target=int, name="after")
        thread.start()
        thread.join()
        assert seen == ["after"]
        assert thread.native_id
    finally:
        threading.Thread._set_native_id = original  # type: ignore[attr-defined]


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
    )


@needs_gil
def test_on_one_processor() -> None:
    code = """if True:
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        from tests.instruments.test_scope import dosed
        trace, true, widest = dosed(1000, 1000, 0.5)
        assert trace.interval_s > 20e-6
        assert trace.error < widest
        assert abs(trace.gil_free - true) <= 2.5 * trace.error, (true, trace)
    """
    result = python(code)
    assert result.returncode == 0, result.stderr


@needs_gil
@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of system calls")
def test_where_memory_may_not_be_read_it_says_so() -> None:
    # A filter as containers have it: process_vm_readv (310) fails with EPERM.
    code = """if True:
        import ctypes, struct
        from lab.instruments.scope import unavailable
        rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (6, 0, 0, 0x50001),
                 (6, 0, 0, 0x7fff0000)]
        program = b"".join(struct.pack("HBBI", *rule) for rule in rules)
        buffer = ctypes.create_string_buffer(program)
        head = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
        prctl = ctypes.CDLL(None).prctl
        assert unavailable() is None
        assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, head, 0, 0) == 0
        print(unavailable())
    """
    result = python(code)
    assert "forbids process_vm_readv" in result.stdout, result.stderr


@needs_gil
def test_a_scope_left_open_ends_with_the_interpreter() -> None:
    code = "from lab.instruments.scope import Scope; scope = Scope(); scope.__enter__()"
    result = python(code)
    assert (result.returncode, result.stderr) == (0, "")


def test_without_a_gil_there_is_no_scope() -> None:
    if sys._is_gil_enabled() if hasattr(sys, "_is_gil_enabled") else True:
        assert unavailable() is None
        return
    assert str(unavailable()).startswith("no GIL")
    with pytest.raises(ScopeUnavailable, match="no GIL"), Scope():
        pass
    code = "from lab.instruments.scope import unavailable; assert unavailable() is None"
    assert python(code, PYTHON_GIL="1").returncode == 0


def test_importing_does_not_switch_the_gil_on() -> None:
    code = (
        "import sys, lab.instruments.scope\n"
        "print(getattr(sys, '_is_gil_enabled', bool)())\n"
    )
    result = python(code)
    expected = getattr(sys, "_is_gil_enabled", bool)()
    assert result.stdout.strip() == str(expected)
    assert result.stderr == ""
