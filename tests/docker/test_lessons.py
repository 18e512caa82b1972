"""The lessons on real Docker: the tests of the tier `labs` once more, with this tier's lab.

What does not depend on the engine stays in the tier `labs`: the other language, whose cells are the same, the
untouched notebooks, and wrong turns and other ways, which the same checks judge from the same snapshots.
"""

from __future__ import annotations

from netlab.lab import Lab
from netlab.lessons.content import Lesson
from tests.labs.test_lecture import test_the_lecture_runs_as_printed_twice
from tests.labs.test_notebooks import assert_it_passes, each_lesson, event_loop_of_jupyter, in_this_lab
from tests.labs.test_steps import (
    test_the_solution_passes_step_by_step_and_to_the_end,
    test_untouched_every_check_says_not_yet_and_changes_nothing,
)

__all__ = [
    "event_loop_of_jupyter",
    "in_this_lab",
    "test_the_lecture_runs_as_printed_twice",
    "test_the_solution_passes_step_by_step_and_to_the_end",
    "test_untouched_every_check_says_not_yet_and_changes_nothing",
]


@each_lesson
def test_with_its_solutions_a_notebook_ends_with_all_checks_passed(lab: Lab, lesson: Lesson) -> None:
    """From the first cell to the last: no error, a passed check for every step, every prediction noted."""
    assert_it_passes(lab, lesson, "en")
