"""One lab for a module's tests of the lessons; each test brings it to where it needs it."""

from tests.support.shared import lab, module_lab

__all__ = ["lab", "module_lab"]
