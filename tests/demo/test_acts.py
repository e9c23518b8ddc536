"""The acts show lines that are there, and have a lesson for each verdict."""

from lab.demo.acts import acts


def test_every_line_that_is_shown_is_there() -> None:
    for each in acts():
        assert each.cuts()


def test_every_verdict_of_threads_has_a_lesson() -> None:
    for each in acts():
        assert set(each.answers.values()) == set(range(1, len(each.options) + 1))
        assert set(each.lessons) == set(each.answers.values())
        assert {scene.twin for scene in each.scenes} == set(each.twins)
