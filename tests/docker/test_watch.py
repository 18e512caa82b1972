"""A watch, and the gym, where containers, docker0 and its rules are Docker's own: the kernel tier's tests."""

from __future__ import annotations

from tests.kernel.faults.test_gym import (
    test_any_number_is_an_exercise_that_the_lessons_checks_follow,
    test_begun_by_name_it_is_remembered_until_a_reset,
    test_inside_the_lab_internet_is_out_of_reach,
    test_mending_runs_the_cure_once,
    test_on_the_command_line,
)
from tests.kernel.lab.test_watch import (
    test_a_reset_is_followed,
    test_after_any_operations_it_holds_what_the_kernel_holds,
    test_the_lectures_commands_are_told_as_they_happen,
)

__all__ = [
    "test_a_reset_is_followed",
    "test_after_any_operations_it_holds_what_the_kernel_holds",
    "test_any_number_is_an_exercise_that_the_lessons_checks_follow",
    "test_begun_by_name_it_is_remembered_until_a_reset",
    "test_inside_the_lab_internet_is_out_of_reach",
    "test_mending_runs_the_cure_once",
    "test_on_the_command_line",
    "test_the_lectures_commands_are_told_as_they_happen",
]
