"""The plug-in in suites of its own, as its users write them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin import needs_gil, needs_scope, run, text_of

pytest_plugins = ["pytester"]


def decided(
    pytester: pytest.Pytester, tests: str, *, passed: int = 0, failed: int = 0
) -> str:
    """What the suite printed, once none of its tests was undecided.

    A wrong answer fails at once. Skipped where this machine stays too busy for any.
    """
    pytester.makeini("[pytest]\ngil_undecided = skip")
    for _ in range(3):
        result = run(pytester, tests, "-rs")
        found = result.parseoutcomes()
        assert found.get("passed", 0) <= passed, result.stdout.str()
        assert found.get("failed", 0) <= failed, result.stdout.str()
        if not found.get("skipped"):
            assert found == {
                name: count
                for name, count in (("passed", passed), ("failed", failed))
                if count
            }
            return result.stdout.str()
        assert "cannot tell" in result.stdout.str()
    pytest.skip("the machine is too busy to tell")


def test_importing_it_imports_nothing_heavy() -> None:
    code = """
import sys, pytest
before = set(sys.modules)
import lab.pytest_plugin
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"lab", "lab.pytest_plugin"}


@pytest.mark.slow
@needs_gil
def test_promises_that_are_kept(pytester: pytest.Pytester) -> None:
    decided(
        pytester,
        """
        def test_released(gil):
            gil.assert_released(released, 3000)
            gil.assert_released(time.sleep, 0.003, at_least=0.5)
        def test_held(gil):
            gil.assert_held(held, 3000)
        def test_short(gil):
            gil.assert_held(len, "abc")
        def test_probe(gil):
            assert gil.probe(held, 1000).verdict in ("held", "inconclusive")
        """,
        passed=4,
    )


@needs_gil
def test_a_broken_release_says_what_to_do(pytester: pytest.Pytester) -> None:
    text = decided(
        pytester,
        """
        def test_it(gil):
            gil.assert_released(held, 3000)
        """,
        failed=1,
    )
    for word in (
        "ctypes.usleep ",
        "at least 0.9",
        "GIL-free",
        "ceiling",
        "longest hold",
        "with nogil:",
        "Py_BEGIN_ALLOW_THREADS",
        "gil_scoped_release",
    ):
        assert word in text
    assert "gil.assert_released(held, 3000)" in text  # the author's line, and no other
    assert "pytest_plugin.py" not in text


@needs_gil
def test_a_release_where_none_was_promised(pytester: pytest.Pytester) -> None:
    text = decided(
        pytester,
        """
        def test_it(gil):
            gil.assert_held(released, 3000)
        """,
        failed=1,
    )
    assert "usleep releases the GIL" in text


@needs_gil
@needs_scope
def test_longest_hold(pytester: pytest.Pytester) -> None:
    text = decided(
        pytester,
        """
        def test_shorter_than_its_bound(gil):
            gil.assert_longest_hold(held, 1000, at_most=1.0)
        def test_longer(gil):
            gil.assert_longest_hold(held, 300_000, at_most=0.01)
        """,
        passed=1,
        failed=1,
    )
    assert "for too long at a time" in text
    assert "no hold above 10 ms" in text


@needs_gil
@pytest.mark.parametrize("way", ["fail", "skip"])
def test_what_cannot_be_told_never_passes(pytester: pytest.Pytester, way: str) -> None:
    pytester.makeini(f"[pytest]\ngil_undecided = {way}")
    result = run(
        pytester,
        """
        def test_it(gil):
            # may be called once only, and lets the GIL go for a moment
            gil.assert_released(list, map(time.sleep, [0]))
        """,
        "-rs",
    )
    outcome = {"fail": "failed", "skip": "skipped"}[way]
    result.assert_outcomes(**{outcome: 1})
    assert "cannot tell" in text_of(result)


def test_undecided_is_checked(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ngil_undecided = pass")
    result = run(pytester, "def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert 'gil_undecided: expected "fail" or "skip"' in result.stderr.str()


@pytest.mark.slow
@needs_gil
@needs_scope
def test_markers(pytester: pytest.Pytester) -> None:
    text = decided(
        pytester,
        """
        import unittest
        pytestmark = pytest.mark.gil_released

        def test_module_level():
            released(50_000)
        def test_module_level_held():
            held(50_000)

        @pytest.mark.gil_released(0.2)
        class TestClass:
            def test_closest_counts(self):
                held(30_000)
                released(30_000)

        class TestCase(unittest.TestCase):
            def test_unittest(self):
                held(50_000)

        @pytest.fixture
        def slow():
            held(300_000)

        def test_fixtures_do_not_count(slow):
            released(50_000)

        @pytest.mark.gil_longest_hold(0.02)
        @pytest.mark.gil_released(at_least=0.01)
        def test_longest_hold():
            released(50_000)
            held(300_000)
        """,
        passed=3,
        failed=3,
    )
    for name in ("module_level_held", "unittest"):
        assert f"the body of test_{name} " in text
    assert "the body of test_longest_hold holds the GIL for too long" in text
    assert "held in       held, called at test_markers.py:" in text


@needs_gil
@needs_scope
def test_the_body_runs_once_and_is_put_back(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_runtest_teardown(item):
            assert item.obj is item.module.test_it
            assert item.module.runs == [1]
        """
    )
    decided(
        pytester,
        """
        runs = []
        @pytest.mark.gil_released
        def test_it():
            runs.append(1)
            released(50_000)
        """,
        passed=1,
    )


@needs_gil
@needs_scope
def test_what_a_body_raises_stays(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        @pytest.mark.gil_released
        def test_fails():
            assert "apples" == "pears"
        @pytest.mark.gil_released
        def test_skips():
            pytest.skip("not here")
        def test_raises(gil):
            gil.assert_released(int, "x")
        """,
    )
    result.assert_outcomes(failed=2, skipped=1)
    assert "'apples' == 'pears'" in text_of(result)
    assert "ValueError: invalid literal" in text_of(result)


@needs_gil
def test_mistakes_are_told(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        async def coroutine(): pass

        @pytest.mark.gil_released(at_least=2)
        def test_bound(): pass
        @pytest.mark.gil_longest_hold
        def test_no_bound(): pass
        @pytest.mark.gil_released
        def test_nested(gil):
            gil.assert_held(held, 1000)
        def test_coroutine(gil):
            gil.assert_released(coroutine)
        """,
    )
    result.assert_outcomes(failed=4)
    text = text_of(result)
    assert "at_least: expected more than 0, less than 1, got 2" in text
    assert "marker gil_longest_hold: " in text
    assert "put the two in tests of their own" in text
    assert "runs nothing yet" in text


def test_its_page_names_what_there_is() -> None:
    page = (Path(__file__).parent.parent / "docs/pytest.md").read_text()
    for name in (
        "assert_released",
        "assert_held",
        "assert_longest_hold",
        "assert_stays_off",
        "gil.probe",
        "gil_released",
        "gil_longest_hold",
        "gil_undecided",
    ):
        assert name in page
