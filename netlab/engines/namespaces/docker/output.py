"""What --format makes of things, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlab.engines.namespaces.docker import go_parser, go_templates
from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.go_functions import TemplateError
from netlab.engines.namespaces.docker.refused import Refused


def fill_rows(template: str, rows: list[dict[str, Any]], heads: Mapping[str, str]) -> str:
    """A template's lines. Refused."""
    try:
        return go_templates.rows(template, rows, heads, columns)
    except TemplateError as error:
        raise Refused(f"template parsing error: template: {error}", 64) from error


def inspect_all(found: list[dict[str, Any]], template: str) -> None:
    """Print them as JSON, or what a template makes of each. Refused."""
    if not template:
        print(json.dumps(found, indent=4, ensure_ascii=False))
        return
    template = "{{json .}}" if template == "json" else template
    try:
        go_parser.parse(template)
    except TemplateError as error:
        raise Refused(f"template parsing error: template: :1: {error}", 64) from error
    for one in found:
        try:
            print(go_templates.render(template, one))
        except TemplateError as error:
            print()
            raise Refused(f"template parsing error: template: :1: {error}") from error
