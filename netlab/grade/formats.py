"""A grade in the forms that people and other programs want. Pure: values in, text or plain data out."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree

import nbformat

from netlab import display
from netlab.checks.runner import CheckResult
from netlab.grade.judge import Grade
from netlab.grade.naming import Whose
from netlab.grade.submission import Submission
from netlab.i18n import gettext as _
from netlab.i18n import language
from netlab.lessons.content import lessons

SCHEMA = 1  # of result.json; netlab/grade/result.schema.json describes it
# The columns that nbgrader's export writes, and imports into its gradebook.
HTML_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
COLUMNS: tuple[str, ...] = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
)
COLUMNS += ("raw_score", "late_submission_penalty", "score", "max_score")
NOBODYS: Mapping[str, Whose] = {}
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
section { border-left: .4rem solid #8a5a00; padding: .1rem 1rem; margin: 1rem 0; }
section.passed { border-color: #1a7f52; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; } pre { white-space: pre-wrap; }
"""


def result(grade: Grade) -> dict[str, Any]:
    """result.json: the whole grade, with the versions it was given by."""
    return {
        "schema": SCHEMA,
        "name": grade.name,
        "lesson": grade.lesson,
        "digest": grade.digest,
        "seed": grade.seed,
        "fault": grade.fault,
        "hidden": grade.hidden,
        "points": grade.points,
        "max_points": grade.max_points,
        "error": grade.error,
        "end": grade.end,
        "steps": [_step(step) for step in grade.results],
        "cells": [{"cell": r.cell, "seconds": r.seconds, "error": r.error, "end": r.end} for r in grade.runs],
        "versions": {
            "netlab": version("netlab-container-networking"),
            "python": platform.python_version(),
            "kernel": platform.release(),
        },
    }


def summary(found: dict[str, Any]) -> str:
    """One line for each result."""
    if found["error"]:
        return display.one_line(
            _("{name}: not graded: {error}").format(name=found["name"], error=found["error"].splitlines()[0])
        )
    failed = [step["id"] for step in found["steps"] if not step["passed"]]
    rest = _(", not passed: {failed}").format(failed=", ".join(failed)) if failed else ""
    end = f" ({found['end']})" if found["end"] else ""
    return display.one_line(
        _("{name}: lesson {lesson}, {points} of {max_points}{rest}{end}").format(
            name=found["name"],
            lesson=found["lesson"],
            points=found["points"],
            max_points=found["max_points"],
            rest=rest,
            end=end,
        )
    )


def _step(step: CheckResult) -> dict[str, Any]:
    return {
        "id": step.id,
        "title": step.title,
        "passed": step.passed,
        "points": step.points if step.passed else 0,
        "max_points": step.points,
        "found": step.found,
        "hint": step.hint,
        "hint_id": step.hint_id,
        "next_step": step.next_step,
        "waiting_for": step.waiting_for,
        "hidden": step.hidden,
    }


def executed_notebook(submission: Submission, grade: Grade) -> str:
    """The code cells with what they printed, as a notebook."""
    v4: Any = nbformat.v4
    cells = []
    for number, cell in enumerate(submission.cells, 1):
        made = v4.new_code_cell(cell.source)
        for run in grade.runs:
            if run.cell == number:
                text = run.output + (f"\n[{run.end}]" if run.end else "")
                made.outputs = [v4.new_output("stream", name="stdout", text=text)] if text else []
        cells.append(made)
    return str(v4.writes(v4.new_notebook(cells=cells)))


def gradescope(grade: Grade) -> dict[str, Any]:
    """results.json as Gradescope's autograder platform reads it."""
    tests: list[dict[str, Any]] = [
        {
            "name": f"{step.id} {step.title}",
            "score": step.points if step.passed else 0,
            "max_score": step.points,
            "status": "passed" if step.passed else "failed",
            "output": "\n".join(
                _("{label}: {text}").format(label=label, text=text) for label, text in step.lines()
            ),
        }
        for step in grade.results
        if not step.hidden
    ]
    if further := _further(grade):
        tests.append({"name": _("Further checks"), "score": further[0], "max_score": further[1]})
    said = (
        grade.error
        or grade.end
        or _("{points} of {max_points} points").format(points=grade.points, max_points=grade.max_points)
    )
    return {"score": grade.points, "output": said, "tests": tests}


def _further(grade: Grade) -> tuple[int, int] | None:
    """The points of the hidden checks, and how many there were: all that learners are told of them."""
    hidden = [step for step in grade.results if step.hidden]
    had = sum(step.points for step in hidden if step.passed)
    return (had, sum(step.points for step in hidden)) if hidden else None


def csv_table(grades: Sequence[dict[str, Any]], whose: Mapping[str, Whose] = NOBODYS) -> str:
    """One line for each result, with the columns of nbgrader's gradebook; `whose` by the results' names.

    What could not be graded has its lesson and that lesson's points as well, as far as its name tells.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for found in grades:
        its = whose.get(found["name"]) or Whose(found["name"])
        lesson = found["lesson"] or its.lesson
        writer.writerow(
            {
                "assignment": _cell(lesson),
                "student_id": _cell(its.student),
                "raw_score": found["points"],
                "late_submission_penalty": 0,
                "score": found["points"],
                "max_score": found["max_points"] or _points_of(lesson),
            }
        )
    return text.getvalue()


def _points_of(id: str) -> int:
    return sum(step.points for lesson in lessons() if lesson.id == id for step in lesson.steps)


def _cell(text: str) -> str:
    """As a spreadsheet shows it; what begins like a formula would be calculated."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def junit(grades: Sequence[dict[str, Any]]) -> str:
    """One suite for each result and one case for each step, as CI systems show them."""
    root = ElementTree.Element("testsuites", name="netlab")
    for found in grades:
        steps = found["steps"]
        failed = sum(not step["passed"] for step in steps)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=found["name"],
            tests=str(len(steps) or 1),
            failures=str(failed),
            errors=str(int(bool(found["error"]))),
        )
        if found["error"]:
            case = ElementTree.SubElement(suite, "testcase", classname=found["name"], name="submission")
            ElementTree.SubElement(case, "error", message=printable(found["error"]))
        for step in steps:
            name = f"{step['id']} {step['title']}"
            case = ElementTree.SubElement(suite, "testcase", classname=found["name"], name=name)
            if not step["passed"]:
                said = f"{step['found']}\n{step['hint']}"
                ElementTree.SubElement(case, "failure", message=printable(step["found"])).text = printable(
                    said
                )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c if c in "\n\t" or ord(c) >= 32 else "�" for c in text)


def feedback(grade: Grade) -> str:
    """A page for the learner: what was reached, what was found instead, and what to do next."""
    title = _("Lesson {id}").format(id=grade.lesson) if grade.lesson else _("Submission")
    said = _("{points} of {max_points} points").format(points=grade.points, max_points=grade.max_points)
    head = _("{title}: {said}").format(title=title, said=said)
    notes = [_("It could not be graded: {error}").format(error=grade.error)] if grade.error else []
    if grade.end:
        notes.append(_("Its cells did not run to the end: {end}").format(end=grade.end))
    notes += [
        _("Cell {cell} was {end}.").format(cell=run.cell, end=run.end)
        for run in grade.runs
        if run.end and run.end != grade.end
    ]
    body = "".join(f"<p role='note'>{escape(note)}</p>" for note in notes)
    body += "".join(_section(step) for step in grade.results if not step.hidden)
    if further := _further(grade):
        had = _("Further checks: {points} of {max_points} points").format(
            points=further[0], max_points=further[1]
        )
        body += f"<section><h2>{had}</h2></section>"
    return (
        f"<!doctype html><html lang='{HTML_LANGUAGES[language()]}'><meta charset='utf-8'>"
        f"<title>{escape(head)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style>"
        f"<main><h1>{escape(head)}</h1><p>{escape(grade.name)}</p>{body}</main></html>\n"
    )


def _section(step: CheckResult) -> str:
    rows = "".join(f"<dt>{label}</dt><dd>{escape(text)}</dd>" for label, text in step.lines())
    return (
        f"<section class='{'passed' if step.passed else 'open'}'>"
        f"<h2>{escape(step.headline)}</h2><dl>{rows}</dl></section>"
    )
