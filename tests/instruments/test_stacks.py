"""Stacks read from memory are those that Python itself tells."""

import os
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest

from lab.instruments.stacks import Stacks
from lab.instruments.switch_interval import switch_interval
from tests.waiting import until

Asleep = Callable[[], None]
Stack = list[tuple[str, int, str]]


def _recursive(asleep: Asleep, depth: int = 20) -> None:
    if depth:
        _recursive(asleep, depth - 1)
    else:
        asleep()


def _generator(asleep: Asleep) -> None:
    def inner() -> Iterator[int]:
        yield 1
        asleep()
        yield 2

    def outer() -> Iterator[int]:
        yield from inner()

    list(outer())


def _comprehension(asleep: Asleep) -> None:
    [sleep() for sleep in [asleep]]


def _called_from_c(asleep: Asleep) -> None:
    sorted(
        [1],
        key=lambda _: asleep(),  # type: ignore[arg-type, return-value]
    )


def _decorated(asleep: Asleep) -> None:
    def around(function: Asleep) -> Asleep:
        @wraps(function)
        def inner() -> None:
            function()

        return inner

    around(around(asleep))()


def _executed(asleep: Asleep) -> None:
    source = "\n" * 300 + "def späť_𠀀():\n    asleep()\nspäť_𠀀()"
    exec(compile(source, "<naïve 文>", "exec"), {"asleep": asleep})


class _Descriptor:
    def __init__(self, asleep: Asleep) -> None:
        self.asleep = asleep

    @property
    def attribute(self) -> None:
        return self.asleep()

    def __enter__(self) -> None:
        self.attribute  # noqa: B018 - a property that sleeps

    def __exit__(self, *_: object) -> None: ...


def _with(asleep: Asleep) -> None:
    with _Descriptor(asleep):
        pass


def _long_lines(asleep: Asleep) -> None:
    source = "x = 0\n" + "x = (x +\n\n\n 1)\n" * 3000 + "asleep(\n\n)"
    exec(compile(source, "long.py", "exec"), {"asleep": asleep})


WAYS = [
    _recursive,
    _generator,
    _comprehension,
    _called_from_c,
    _decorated,
    _executed,
    _with,
    _long_lines,
]


class _Sleeper:
    """A thread that sleeps somewhere."""

    def __init__(self, way: Callable[[Asleep], None]) -> None:
        self.there, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=way, args=(self.sleep,))

    def sleep(self) -> None:
        self.there.set()
        self.over.wait(60)

    def __enter__(self) -> int:
        self.thread.start()
        assert self.there.wait(60)
        assert self.thread.ident is not None
        return self.thread.ident

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def _true(ident: int) -> Stack:
    frame = sys._current_frames()[ident]
    return [
        (each.f_code.co_filename, line, each.f_code.co_qualname)
        for each, line in traceback.walk_stack(frame)
    ]


def _settled(stacks: Stacks, ident: int) -> tuple[Stack | None, Stack]:
    """Both, once the thread sleeps at the bottom of Event.wait."""
    for _ in range(1000):
        seen, true = stacks.of(ident), _true(ident)
        if seen == true:
            break
    return seen, true


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_stack_is_the_one_that_python_tells(way: Callable[[Any], None]) -> None:
    stacks = Stacks()
    with _Sleeper(way) as ident:
        seen, true = _settled(stacks, ident)
        assert seen == true
        assert len(true) > 4
        assert stacks.of(ident) == true, "read again, from what is known already"


def test_of_a_deep_stack_the_innermost_frames_are_read() -> None:
    with _Sleeper(lambda asleep: _recursive(asleep, 200)) as ident:
        seen, true = _settled(Stacks(), ident)
        assert seen is not None
        assert len(seen) >= 40
        assert seen[:-1] == true[: len(seen) - 1]
        assert seen[-1] == ("", 0, "(outer callers)")


def test_no_such_thread_has_no_stack() -> None:
    stacks = Stacks()
    assert stacks.of(1) is None
    with _Sleeper(WAYS[0]) as ident:
        until(lambda: stacks.of(ident), "its stack")
    until(lambda: stacks.of(ident) is None, "none of a thread that has ended")


def test_code_that_comes_and_goes_is_told_by_its_own_name_and_line() -> None:
    """Equal in size and thrown away at once, so that addresses are used again."""
    stacks, wrong, met = Stacks(), [], set()
    for turn in range(300):
        line = 10 + turn % 50
        source = "\n" * (line - 1) + f"def name_{turn:03}(): return of(mine)"
        names: dict[str, Any] = {"of": stacks.of, "mine": threading.get_ident()}
        exec(compile(source, f"<file {turn:03}>", "exec"), names)
        function = names.pop(f"name_{turn:03}")
        met.add(id(function.__code__))
        seen = function()
        if seen is None or seen[0] != (f"<file {turn:03}>", line, f"name_{turn:03}"):
            wrong.append((turn, seen))
    assert not wrong
    # A free-threaded build frees them later, the sanitizer keeps what was freed apart.
    late = sysconfig.get_config_var("Py_GIL_DISABLED") or "PYTHONMALLOC" in os.environ
    assert late or len(met) < 300, "no address was used again"


def test_a_stack_that_changes_all_the_time_has_only_lines_that_ran() -> None:
    """Read from another thread while its functions call each other."""
    over = False

    def leaf(n: int) -> int:
        return n + 1

    def one(n: int) -> int:
        return leaf(n) + leaf(n)

    def two(n: int) -> int:
        return one(n) + leaf(n)

    def work() -> None:
        while not over:
            two(1)

    lines = {
        each.__qualname__: {
            line for _, _, line in each.__code__.co_lines() if line is not None
        }
        for each in (leaf, one, two, work)
    }
    thread = threading.Thread(target=work)
    thread.start()
    stacks, read = Stacks(), 0
    try:
        assert thread.ident is not None
        with switch_interval(1e-5):
            for _ in range(1000):
                for _, line, name in stacks.of(thread.ident) or ():
                    read += name in lines
                    assert name not in lines or line in lines[name], (name, line)
    finally:
        over = True
        thread.join()
    assert read


def test_of_many_threads_the_oldest_is_known_too() -> None:
    over = threading.Event()
    crowd = [threading.Thread(target=over.wait) for _ in range(600)]
    size = threading.stack_size(256 * 1024)
    try:
        for thread in crowd:
            thread.start()
        stacks = Stacks()
        found = stacks.threads()
        while found is None:
            found = stacks.threads()
        assert len(found) >= 601
        assert found[0][1] == threading.main_thread().native_id
        assert stacks.of(found[0][0]) is not None
    finally:
        over.set()
        threading.stack_size(size)
        for thread in crowd:
            thread.join()
