"""What a verdict can say is a closed list, and the document lists all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netlab.diagnosis.verdict import CAUSES, Verdict, page
from netlab.i18n import LANGUAGES, speaking
from netlab.lessons.build import causes_page

ROOT = Path(__file__).parents[3]


def test_the_document_lists_every_cause() -> None:
    """labs/causes.md is made from the code, in each language; if this fails: ./run build-lessons."""
    for language in LANGUAGES:
        with speaking(language):
            assert causes_page(language).read_text(encoding="utf-8") == page()


def test_no_suspect_names_a_cause_that_is_not_in_the_list() -> None:
    """Every code in the suspects' findings is documented."""
    named = set()
    for file in (ROOT / "netlab/diagnosis").glob("suspects/*.py"):
        named |= set(re.findall(r'(?:Finding|Cleared)\(\s*"([a-z-]+)"', file.read_text()))
    assert named and named <= set(CAUSES)


@pytest.mark.parametrize(
    ("sent", "received", "low", "high"),
    # As in the tables of Wilson's interval, for example R's prop.test(x, n, correct = FALSE).
    [(20, 10, 0.299, 0.701), (10, 10, 0.0, 0.278), (10, 0, 0.722, 1.0), (100, 90, 0.055, 0.174)],
)
def test_the_interval_of_the_loss(sent: int, received: int, low: float, high: float) -> None:
    """Wilson's, 95 %: never outside of 0 and 1, and not a point where nothing was lost."""
    assert Verdict("a", "b", sent, received).loss_interval == pytest.approx((low, high), abs=0.001)


def test_loss_is_the_share_that_went_unanswered() -> None:
    """From 0 to 1; all is lost when nothing could be sent."""
    assert Verdict("a", "b", 4, 1).loss == 0.75
    assert Verdict("a", "b", 0, 0).loss == 1.0
    assert not Verdict("a", "b", 4, 0).reached
