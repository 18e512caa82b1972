"""What a lesson still asks for is told by no picture before it was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netlab.lessons import content
from netlab.lessons.content import Lesson, Secret
from netlab.lessons.progress import Progress
from netlab.model import Snapshot


class Veil:
    """The secrets of a lesson and of those after it, until answered; without a lesson there are none."""

    def __init__(self, lesson: Lesson | None = None, progress: Progress | None = None) -> None:
        self._lesson, self._progress = lesson, progress

    def over(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot without the settings that are asked for."""
        names = {secret.sysctl for secret in self._secrets()}
        if not names:
            return snapshot
        nodes = (
            replace(node, sysctls={name: value for name, value in node.sysctls.items() if name not in names})
            for node in snapshot.nodes
        )
        return replace(snapshot, nodes=tuple(nodes))

    def hides(self, causes: tuple[str, ...]) -> bool:
        """Whether one of those causes is what is asked for."""
        return any(secret.cause in causes for secret in self._secrets())

    def _secrets(self) -> Iterator[Secret]:
        if self._lesson is None or self._progress is None:
            return
        for lesson in content.lessons():
            if lesson.id < self._lesson.id:
                continue
            secrets = {step.id: step.secret for step in lesson.steps if step.secret}
            if secrets:
                answered = self._progress.answers(lesson.id)
                yield from (secret for id, secret in secrets.items() if secret and id not in answered)
