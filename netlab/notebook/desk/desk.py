"""One kernel's desk: the pages that show it, and the thread that looks at the lesson's steps.

Pages are told in whatever thread has something new; one lock keeps what is told in order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from netlab.errors import NetlabError
from netlab.i18n import language, speaking
from netlab.lessons import content
from netlab.lessons.progress import Progress, default_path
from netlab.notebook.desk import quiet, steps
from netlab.notebook.live.subshells import hear_where_the_page_says

if TYPE_CHECKING:
    from netlab.lessons.content import Lesson
    from netlab.lessons.variant import Variant

SETTLE = 0.4  # seconds after a change before the steps are looked at: commands come in twos and threes
REST = 2.0  # seconds between two looks, however much happens
LONGEST = 1000  # letters of what a page hands in


class AtLesson(Protocol):
    """A learner at a lesson: netlab.notebook.lesson_lab.LessonLab."""

    lab: Any
    lesson: Lesson
    progress: Progress
    variant: Variant

    def predict(self, step: str, key: str) -> object: ...

    def answer(self, step: str, key: str) -> object: ...


class Desk:
    """What pages show of the lesson in this kernel."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[Any, str]] = {}  # by the comm's id: the comm, and the notebook's path
        self._lab: AtLesson | None = None
        self._glances: tuple[quiet.Glance, ...] = ()
        self._live = ""
        self._lock, self._news = threading.RLock(), threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._news.set()

    # -- pages ----------------------------------------------------------------------------------------

    def welcome(self, comm: Any, wish: Mapping[str, Any]) -> None:
        """A page has opened a comm, and says which notebook it shows."""
        hear_where_the_page_says(comm)
        comm.on_msg(lambda message: self._fulfil(comm, message["content"].get("data", {})))
        comm.on_close(lambda _message: self._pages.pop(comm.comm_id, None))
        self._pages[comm.comm_id] = comm, str(wish.get("path", ""))
        self.tell()
        self.look()

    def tell(self, **more: Any) -> None:
        """Send all pages the state as it is now."""
        with self._lock, speaking(language()):
            for comm, path in list(self._pages.values()):
                with suppress(NetlabError, OSError):
                    comm.send({**self._state(path), **more})

    def _state(self, path: str) -> dict[str, Any]:
        lab = self._lab
        lesson = lab.lesson if lab else lesson_of(path)
        if lesson is None:
            return {"lesson": "", "live": self._live}
        progress = lab.progress if lab else Progress(default_path())
        found = steps.bar(lesson, progress.passed_steps(lesson.id), self._glances, lab is not None)
        said = steps.sayings(lesson, "predict", progress.predictions(lesson.id), progress.late(lesson.id))
        said |= steps.sayings(lesson, "answer", progress.answers(lesson.id))
        return {**found, "live": self._live, "said": said if lab else {}}

    def _fulfil(self, comm: Any, wish: Any) -> None:
        """Note what was predicted or answered on a page, as lab.predict and lab.answer do."""
        lab = self._lab
        if lab is None or not isinstance(wish, dict):
            return
        step, key = (str(wish.get(name, ""))[:LONGEST] for name in ("step", "key"))
        error = ""
        try:
            {"predict": lab.predict, "answer": lab.answer}[str(wish.get("kind"))](step, key)
        except NetlabError as refused:
            error = str(refused)
        except KeyError:
            return
        self.tell(error=error)
        self.look()

    # -- the kernel -----------------------------------------------------------------------------------

    def begin(self, lab: AtLesson) -> None:
        """A lesson has begun, or has begun anew."""
        with self._lock:
            self._lab, self._glances = lab, ()
        self.tell()
        self.look()

    def show_live(self, model: str) -> None:
        """That live view, by its model's id, is the last that was shown."""
        if model != self._live:
            self._live = model
            self.tell()

    def look(self) -> None:
        """Something may be otherwise: look at the steps when it has settled. From any thread, and cheap."""
        if self._lab is None or not self._pages:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, daemon=True, name="netlab-desk")
            self._thread.start()
        self._news.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self._news.wait()
            self._settle()
            with suppress(NetlabError, OSError, ValueError):  # the lab is down: the live view says so
                self._look()

    def _settle(self) -> None:
        """Until nothing has happened for a moment; where that does not come, not longer than REST."""
        self._news.clear()
        deadline = time.monotonic() + REST
        while self._news.wait(SETTLE) and time.monotonic() < deadline:
            self._news.clear()

    def _look(self) -> None:
        lab = self._lab
        if lab is None:
            return
        began = time.monotonic()
        with speaking(language()):
            glances = quiet.look(lab.lab, lab.lesson, lab.progress, lab.variant)
        if lab is self._lab:
            self._glances = glances
            self.tell()
        # A busy lab is looked at every now and then, and an hour of looking costs little of one.
        self._stopped.wait(max(REST, 20 * (time.monotonic() - began)))


def lesson_of(path: str) -> Lesson | None:
    """The lesson whose notebook that is, by its name; None for any other."""
    stem = PurePosixPath(path).stem
    return next((lesson for lesson in content.lessons() if lesson.stem == stem), None)
