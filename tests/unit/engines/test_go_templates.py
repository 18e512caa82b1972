"""Go's templates: what people type behind `--format`, and what somebody types to do harm."""

from __future__ import annotations

import time

import pytest

from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.go_functions import TemplateError
from netlab.engines.namespaces.docker.go_templates import render, rows

VALUE = {
    "Id": "abcdef",
    "Name": "/web",
    "State": {"Status": "running", "Pid": 5, "Running": True, "Error": ""},
    "Config": {"Env": ["A=1", "B=2"], "Labels": {"x": "y"}, "None": None},
    "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "53/udp": None},
    "Networks": {"b": {"IPAddress": "10.0.0.2"}, "a": {"IPAddress": "10.0.0.1"}},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.State.Pid}} {{.State.Running}}", "5 true"),
        ("{{.ID}}", "abcdef"),
        ("{{range $name, $n := .Networks}}{{$name}}={{$n.IPAddress}};{{end}}", "a=10.0.0.1;b=10.0.0.2;"),
        ("{{range .Config.Env}}{{.}} {{end}}", "A=1 B=2 "),
        ("{{range $i, $e := .Config.Env}}{{$i}}{{$e}}{{end}}", "0A=11B=2"),
        ("{{range .Config.None}}x{{else}}none{{end}}", "none"),
        ('{{if eq .State.Status "running"}}up{{else}}down{{end}}', "up"),
        ("{{if .State.Error}}bad{{else if .Name}}named{{end}}", "named"),
        ("{{with .State}}{{.Pid}} {{$.Name}}{{end}}", "5 /web"),
        ("{{with $x := .Config.Env}}{{len $x}}{{end}}", "2"),
        ("{{$a := .State}}{{$a.Pid}}", "5"),
        ('{{(index .Networks "a").IPAddress}}', "10.0.0.1"),
        ('{{index .Config.Labels "x"}}{{index .Config.Labels "z"}}', "y"),
        ('{{.Name | printf "%s!" | upper}}', "/WEB!"),
        ('{{printf "%q %5d|%-5s|" .Name 7 "ab"}}', '"/web"     7|ab   |'),
        ('{{join .Config.Env ","}} {{split .Name "/"}} {{slice .Id 1 3}}', "A=1,B=2 [ web] bc"),
        ("{{json .Config.Env}}", '["A=1","B=2"]'),
        ("{{.Ports}}", "map[53/udp:<no value> 80/tcp:[{0.0.0.0 8080}]]"),
        ("{{and .Name .State.Error}}|{{or .State.Error .Name}}|{{not .Name}}", "|/web|false"),
        ("{{/* nothing */}}a {{- 1 -}}  b", "a1b"),
        ('{{println "a" 1}}', "a 1\n"),
        ("{{if and (eq .State.Pid 5) (ne .Name `x`)}}yes{{end}}", "yes"),
    ],
)
def test_what_people_type_is_filled_in_as_go_does(template: str, text: str) -> None:
    """Fields, ranges, conditions, variables, pipes, brackets, Docker's functions."""
    assert render(template, VALUE) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{.Config.Foo}}", 'map has no entry for key "Foo"'),
        ("{{.Config", "unclosed action"),
        ("{{foo .Config}}", 'function "foo" not defined'),
        ("{{if .State}}", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{}}", "missing value"),
        ("{{$x}}", 'undefined variable "$x"'),
        ("{{index .Config.Env 7}}", "out of range"),
        ("{{.Name.First}}", "can't evaluate field First"),
        ("{{(.Name}}", "unclosed left paren"),
        ("{{eq .Name 1}}", "incompatible types"),
        ("{{slice .Name 2 1000}}", "out of range"),
        ('{{template "x"}}', "not in the lab's docker"),
        ("{{.Name .Id}}", "can't give argument"),
        ("{{ § }}", "unexpected"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(template: str, words: str) -> None:
    """In Go's words, where it has some."""
    with pytest.raises(TemplateError) as raised:
        render(template, VALUE)
    assert words in str(raised.value) and "\n" not in str(raised.value)


DOUBLING = "{{$a := .Name}}" + "{{$a := print $a $a}}" * 60 + "{{$a}}"
NESTED = "{{range .L}}" * 20 + "x" + "{{end}}" * 20


@pytest.mark.parametrize(
    "template",
    [
        DOUBLING,
        NESTED,
        "{{if .Name}}" * 1000 + "{{end}}" * 1000,
        "{{" + "(" * 3000 + ".Name" + ")" * 3000 + "}}",
        "{{range .L}}{{json .}}{{range $.L}}{{range $.L}}{{range $.L}}{{$.Big}}{{end}}{{end}}{{end}}{{end}}",
        '{{printf "%999999999999d" 1}}',
        "{{else if .Name}}" * 2000,
        "{{if .Name}}" + "{{else if .Name}}" * 900 + "{{end}}",
        "x" * 100_000,
        "{{" * 5000,
        '{{"' + "\\" * 5000 + '"}}',
        "{{.Name" + "|upper" * 2000 + "}}",
        "{{pad .Name 99999999 99999999}}",
        '{{join .L (printf "%s" .Big)}}',
    ],
)
def test_no_template_takes_long_or_grows_without_end(template: str) -> None:
    """Loops in loops, doubling, depth, width: it is refused, or done, in a moment and with little to show."""
    value = {**VALUE, "L": list(range(50)), "Big": "b" * 100_000}
    began = time.process_time()
    try:
        assert len(render(template, value)) <= 1 << 20
    except TemplateError as error:
        assert len(str(error)) < 40_000
    assert time.process_time() - began < 3


def test_a_table_has_heads_above() -> None:
    """`--format "table …"`."""
    found = rows(
        "table {{.Names}}\\t{{.ID}}", [{"Names": "web", "ID": "1"}], {"Names": "NAMES", "ID": "ID"}, columns
    )
    assert found == "NAMES     ID\nweb       1\n"
