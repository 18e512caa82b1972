"""How a learner begins a lesson, in a kernel of the lab host or on the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from netlab.errors import check_language
from netlab.i18n import NOTEBOOK_VARIABLE, VARIABLE
from netlab.i18n import gettext as _
from netlab.lessons import content
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress, default_path
from netlab.lessons.start import bring
from netlab.lessons.variant import Variant
from netlab.notebook import judged, marks, outbox
from netlab.notebook.greeting import greeting
from netlab.notebook.lesson_lab import LessonLab
from netlab.notebook.tracebacks import short_errors

if TYPE_CHECKING:
    from netlab.lab import Lab


def begin_here(lesson: str, seed: str) -> LessonLab:
    """A lesson in a kernel of the lab host: see notebook.start."""
    from netlab.lab import Lab

    found, lab = content.lesson(lesson), Lab.here()
    return _begin(lab, judged.with_report(lab, found), Variant.of(seed), default_path())


def begin_outside(lesson: str, seed: str, language: str) -> LessonLab:
    """A lesson in a kernel on the machine: see notebook.attach."""
    from netlab.notebook import host_kernel

    os.environ.update({NOTEBOOK_VARIABLE: language} if language else {})
    found = content.lesson(lesson)
    lab = host_kernel.lab_of_this_kernel()
    host_kernel.send_shell_cells_to(lab)
    return _begin(lab, found, Variant.of(seed), default_path(lab.folder))


def _begin(lab: Lab, lesson: Lesson, variant: Variant, record: Path) -> LessonLab:
    check_language(os.environ.get(VARIABLE, ""))
    found, progress = variant.exchange_all(lesson), Progress(record)
    if not lesson.report:
        bring(lab, lesson, variant)
    short_errors()
    marks.begin(lab)
    print(greeting(found, progress))
    progress.begin(found.id)
    outbox.put("visited", found.id)
    here = LessonLab(lab, found, progress, variant)
    if lesson.gym:
        print(_("Bug report:"), *here.bench.take_up(variant.seed))
    here.say_notes()
    return here
