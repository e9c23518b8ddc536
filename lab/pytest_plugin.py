"""The pytest plug-in `gil`: tests that fail when a release of the GIL is lost.

Inert until a test uses the fixture `gil` or a marker: importing this imports pytest
and nothing else, so whatever measures is imported by the first use. docs/pytest.md
shows it.
"""

import functools
import inspect
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lab.records.probe import Probe
    from lab.verdicts.promises import Promise, PromiseFinding

MARKERS = {
    "gil_released": (
        "gil_released(at_least=0.9): fails where the test's body, after its fixtures, "
        "is GIL-free for less of its time"
    ),
    "gil_longest_hold": (
        "gil_longest_hold(seconds): fails where a thread holds the GIL for longer "
        "while the test's body runs, with no chance for others"
    ),
}
NO_GIL = "nothing to release: this Python runs with its GIL off"
NESTED = (
    "the test has a gil_ marker, by which all of it is watched, so that no call in it "
    "can be: put the two in tests of their own"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "gil_undecided",
        'what becomes of a test of the GIL that cannot tell: "fail" or "skip"',
        default="fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    for line in MARKERS.values():
        config.addinivalue_line("markers", line)
    undecided = config.getini("gil_undecided")
    if undecided not in ("fail", "skip"):
        raise pytest.UsageError(
            f'gil_undecided: expected "fail" or "skip", got "{undecided}"'
        )
    if config.pluginmanager.hasplugin("run-parallel"):
        config.pluginmanager.register(InOneThread(), "gil-in-one-thread")


class InOneThread:
    """Beside pytest-run-parallel, which says in its summary why a test is left out."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if "gil" in getattr(item, "fixturenames", ()) or _markers(item):
                reason = "gil: one thread at a time can be watched"
                item.add_marker(pytest.mark.thread_unsafe(reason=reason))


@pytest.fixture
def gil(request: pytest.FixtureRequest) -> "Gil":
    """Assertions about what a call does with the GIL."""
    # What measures is imported now, and not within the first assertion.
    from lab.commands.assertions import watched_call

    watched = bool(_markers(request.node))
    return Gil(request.config, watched_call, watched=watched)


class Gil:
    """What the fixture `gil` gives. Each calls func(*args, **kwargs) as often as it
    takes, once where it is long; what that raises propagates.

    A test fails where the promise is broken, or where that cannot be told, unless
    gil_undecided = "skip"; with the GIL off it is skipped.
    """

    def __init__(
        self,
        config: pytest.Config,
        watched_call: "Callable[..., PromiseFinding]",
        *,
        watched: bool = False,
    ) -> None:
        self._config = config
        self._watched_call = watched_call
        self._watched = watched

    def assert_released(
        self,
        func: Callable[..., object],
        /,
        *args: Any,
        at_least: float = 0.9,
        **kwargs: Any,
    ) -> None:
        """Nobody holds the GIL for at_least this share of the call's time, 0 to 1."""
        __tracebackhide__ = True
        self._assert(_released(at_least), func, args, kwargs)

    def assert_held(
        self, func: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> None:
        """The call keeps the GIL: for 0.9 of its time or more."""
        __tracebackhide__ = True
        from lab.instruments.probe import HELD
        from lab.verdicts.promises import Kind, Promise

        self._assert(Promise(Kind.HELD, HELD), func, args, kwargs)

    def assert_longest_hold(
        self, func: Callable[..., object], /, *args: Any, at_most: float, **kwargs: Any
    ) -> None:
        """The call never keeps others from the GIL for more than at_most seconds."""
        __tracebackhide__ = True
        self._assert(_longest_hold(at_most), func, args, kwargs)

    def probe(
        self, func: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> "Probe":
        """lab.probe: what the call does with the GIL, in figures."""
        from lab.instruments.probe import probe

        self._ready(func)
        return probe(func, *args, **kwargs)

    def assert_stays_off(self, import_name: str, call: str = "") -> None:
        """Importing the module in a free-threaded Python leaves its GIL off.

        In a process of its own. call: an expression to evaluate there afterwards, such
        as "mylib.compress(b'x')". Skipped where this Python cannot do without a GIL.
        """
        __tracebackhide__ = True
        import sysconfig

        from lab.commands.stays_off import switched_on

        if not sysconfig.get_config_var("Py_GIL_DISABLED"):
            pytest.skip("this Python is not free-threaded: its GIL is always on")
        if message := switched_on(import_name, call):
            pytest.fail(message)

    def _ready(self, func: Callable[..., object]) -> None:
        __tracebackhide__ = True
        if self._watched:
            pytest.fail(NESTED, pytrace=False)
        inner = getattr(func, "__func__", func)
        if inspect.iscoroutinefunction(inner) or inspect.isgeneratorfunction(inner):
            raise TypeError(
                f"{_name(func)}: to call it runs nothing yet: pass a function that "
                "runs all of it: lambda: asyncio.run(f()), or lambda: list(f())"
            )

    def _assert(
        self,
        promise: "Promise",
        func: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        __tracebackhide__ = True
        from lab.records.machine import gil_enabled

        self._ready(func)
        if not gil_enabled():
            pytest.skip(NO_GIL)
        found = self._watched_call(promise, func, args, kwargs)
        _conclude(self._config, _name(func), found)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    markers = _markers(item)
    if not markers or not isinstance(item, pytest.Function):
        return (yield)
    promises = [_promise(marker) for marker in markers]
    body = item.obj
    watched = _Body(body, promises)
    item.obj = watched.wrapped()
    try:
        result = yield
    finally:
        item.obj = body
    for finding in watched.findings():
        _conclude(item.config, f"the body of {item.name}", finding, pytrace=False)
    return result


class _Body:
    """A test's body, watched while it runs its one time."""

    def __init__(self, body: Callable[..., Any], promises: "list[Promise]") -> None:
        self._body = body
        self._promises = promises
        self._watch: Any = None

    def wrapped(self) -> Callable[..., Any]:
        """What runs in its place, and is a coroutine function where it is one."""

        @functools.wraps(self._body)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with self._watching():
                return await self._body(*args, **kwargs)

        @functools.wraps(self._body)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._watching():
                return self._body(*args, **kwargs)

        return awaited if inspect.iscoroutinefunction(self._body) else called

    def _watching(self) -> Any:
        from contextlib import nullcontext

        from lab.instruments.watch import Watch
        from lab.records.machine import gil_enabled
        from lab.verdicts.promises import Kind, patience_s

        if not gil_enabled():
            return nullcontext()
        bounds = [p.bound for p in self._promises if p.kind is Kind.LONGEST_HOLD]
        asks_s = patience_s(bounds[0]) if bounds else None
        self._watch = Watch(asks_s, witness=not bounds)
        return self._watch

    def findings(self) -> "list[PromiseFinding]":
        """After the body has run to its end."""
        from lab.records.machine import gil_enabled
        from lab.verdicts.promises import Outcome, watched_once

        if not gil_enabled():
            pytest.skip(NO_GIL)
        seen = self._watch.found()
        found = [watched_once(promise, seen) for promise in self._promises]
        return sorted(found, key=lambda one: one.outcome is not Outcome.BROKEN)


def _markers(item: Any) -> list[pytest.Mark]:
    """Those of ours, the closest of each kind."""
    found = [item.get_closest_marker(name) for name in MARKERS]
    return [marker for marker in found if marker is not None]


def _promise(marker: pytest.Mark) -> "Promise":
    make = _released if marker.name == "gil_released" else _longest_hold
    try:
        return make(*marker.args, **marker.kwargs)
    except (TypeError, ValueError) as error:
        pytest.fail(f"marker {marker.name}: {error}", pytrace=False)


def _released(at_least: float = 0.9) -> "Promise":
    from lab.verdicts.promises import Kind, Promise

    if not 0 < at_least < 1:
        raise ValueError(f"at_least: expected more than 0, less than 1, got {at_least}")
    return Promise(Kind.RELEASED, at_least)


def _longest_hold(seconds: float) -> "Promise":
    from lab.verdicts.promises import Kind, Promise

    if not 0 < seconds < 1000:
        raise ValueError(
            f"seconds: expected more than 0, less than 1000, got {seconds}"
        )
    return Promise(Kind.LONGEST_HOLD, seconds)


def _name(func: Callable[..., object]) -> str:
    name = getattr(func, "__qualname__", None) or getattr(func, "__name__", repr(func))
    module = getattr(func, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def _conclude(
    config: pytest.Config, name: str, finding: "PromiseFinding", *, pytrace: bool = True
) -> None:
    """Pass, fail or skip."""
    __tracebackhide__ = True
    from lab.renderers.promises import text
    from lab.verdicts.promises import Outcome

    if finding.outcome is Outcome.KEPT:
        return
    if finding.outcome is Outcome.OPEN and config.getini("gil_undecided") == "skip":
        pytest.skip(text(name, finding))
    pytest.fail(text(name, finding), pytrace=pytrace)
