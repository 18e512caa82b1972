"""What a lesson's notebook talks to: the lab, with the lesson's checks, predictions, hints and pictures.

from netlab import notebook
lab = notebook.start("03")
…
lab.check("03.1")

A door and no more: what is behind it comes with the first lesson that is started.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all else here
if TYPE_CHECKING:
    from netlab.notebook.lesson_lab import LessonLab


def start(lesson: str, seed: str = "") -> LessonLab:
    """Bring the lab to where that lesson begins, and say how far one is. UnknownName, BadInput.

    With a seed it is the lesson in that variant's words.
    """
    from netlab.notebook import begin

    return begin.begin_here(lesson, seed)


def attach(lesson: str, seed: str = "", language: str = "") -> LessonLab:
    """The same from a kernel on the machine, as other graders start it: see netlab.notebook.host_kernel.

    `language` is the notebook's own: such a kernel does not tell it.
    """
    from netlab.notebook import begin

    return begin.begin_outside(lesson, seed, language)


def overview() -> None:
    """How far one is, lesson by lesson, and where to go on. It follows what is done, and needs no lab."""
    from netlab.lessons import progress
    from netlab.notebook.landing_page import show

    show(progress.default_path())
