"""The lessons on real Docker: the tests of the tier `labs` once more, with this tier's lab.

Wrong turns are judged by the same checks from the same snapshots on every engine: see the tier `labs`.
"""

from __future__ import annotations

from tests.labs.test_lecture import test_the_lecture_runs_as_printed_twice
from tests.labs.test_notebooks import (
    event_loop_of_jupyter,
    in_this_lab,
    test_untouched_nothing_crashes_and_no_check_passes,
    test_with_its_solutions_a_notebook_ends_with_all_checks_passed,
)
from tests.labs.test_steps import (
    test_a_check_changes_nothing,
    test_other_correct_ways_pass_as_well,
    test_the_solution_passes_step_by_step_and_to_the_end,
    test_untouched_every_check_says_not_yet,
)

__all__ = [
    "event_loop_of_jupyter",
    "in_this_lab",
    "test_a_check_changes_nothing",
    "test_other_correct_ways_pass_as_well",
    "test_the_lecture_runs_as_printed_twice",
    "test_the_solution_passes_step_by_step_and_to_the_end",
    "test_untouched_every_check_says_not_yet",
    "test_untouched_nothing_crashes_and_no_check_passes",
    "test_with_its_solutions_a_notebook_ends_with_all_checks_passed",
]
