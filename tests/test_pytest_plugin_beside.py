"""The plug-in beside busy threads and other plug-ins, and where nobody uses it."""

import sys
import sysconfig
import textwrap

import pytest

from lab.records.machine import gil_enabled
from tests.plugin import CALLS, STRICT, needs_gil, needs_scope, run, text_of

pytest_plugins = ["pytester"]


@pytest.mark.slow
def test_a_suite_that_does_not_use_it_is_left_alone(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import sys
        def test_nothing(request):
            assert not [name for name in sys.modules if name.startswith("lab.")
                        and name != "lab.pytest_plugin"]
            assert request.node.obj is test_nothing
        """,
        calls="",
    )
    if any(name.startswith("lab.") for name in sys.modules):  # this very process
        result = pytester.runpytest_subprocess(*STRICT)
    result.assert_outcomes(passed=1)


@pytest.mark.slow
@needs_gil
@needs_scope
def test_other_threads_are_not_the_calls_doing(pytester: pytest.Pytester) -> None:
    """Beside a thread that holds the GIL whenever it can, no held call passes for
    released, and no released one for held."""
    pytester.makeini("[pytest]\ngil_undecided = skip")
    tests = """
        import threading
        @pytest.fixture(autouse=True)
        def busy():
            over = threading.Event()
            def work():
                while not over.is_set():
                    pass
            thread = threading.Thread(target=work, name="busy-one")
            thread.start()
            yield
            over.set()
            thread.join()

        def test_held_is_not_released(gil):
            gil.assert_released(held, 20_000)
        def test_released_is_not_held(gil):
            gil.assert_held(released, 20_000)
        def test_released(gil):
            gil.assert_released(released, 20_000)
        def test_held(gil):
            gil.assert_held(held, 20_000)
        """
    pytester.makepyfile(textwrap.dedent(CALLS) + textwrap.dedent(tests))
    passed, _, failed = pytester.inline_run(*STRICT).listoutcomes()
    assert not [report.nodeid for report in passed if "_is_not_" in report.nodeid]
    assert not [report.nodeid for report in failed if "_is_not_" not in report.nodeid]


def test_switched_off(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(): pass", "-p", "no:gil").assert_outcomes(passed=1)


@pytest.mark.skipif(gil_enabled(), reason="there is a GIL")
def test_nothing_to_release(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_fixture(gil):
            gil.assert_released(held, 10)
        @pytest.mark.gil_released
        def test_marker(): pass
        @pytest.mark.gil_released
        def test_marker_still_runs(): assert False
        """,
        "-rs",
    )
    result.assert_outcomes(skipped=2, failed=1)
    assert "nothing to release" in text_of(result)


def test_stays_off(pytester: pytest.Pytester) -> None:
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    result = run(
        pytester,
        """
        def test_it(gil):
            gil.assert_stays_off("json", "json.loads('1')")
        def test_missing(gil):
            gil.assert_stays_off("no_such_module")
        """,
        "-rs",
    )
    if free_threaded:
        result.assert_outcomes(passed=1, failed=1)
        assert "No module named 'no_such_module'" in text_of(result)
    else:
        result.assert_outcomes(skipped=2)
        assert "not free-threaded" in text_of(result)


@pytest.mark.slow
@needs_gil
def test_beside_xdist(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    result = run(
        pytester,
        """
        def test_one(gil): gil.assert_released(held, 3000)
        def test_two(gil): gil.assert_held(released, 3000)
        """,
        *("-n", "2"),
    )
    result.assert_outcomes(failed=2)


@needs_gil
def test_beside_run_parallel(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_run_parallel", reason="it is not installed")
    result = run(
        pytester,
        """
        def test_one(gil): gil.assert_released(released, 3000)
        @pytest.mark.gil_released
        def test_two(): released(50_000)
        """,
        *("--parallel-threads", "4", "-v"),
    )
    assert not result.parseoutcomes().get("error")
    assert "one thread at a time can be watched" in text_of(result)
