"""Writes templates.json from templates.txt: what Jinja makes of each template, set up as chat templates are.

    python3 make_templates.py

Templates are separated by lines of @@. Made with Jinja2 3.1.6, Python 3.11. A template that Jinja refuses has null.
"""

import json
import pathlib

import jinja2.ext
from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    """The block around what an assistant writes, which changes nothing in the text."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True)).set_lineno(line)


def raise_exception(message):
    raise TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


VARIABLES = {
    "messages": [
        {"role": "system", "content": "  Sys. \n"},
        {"role": "user", "content": 'Hi \U0001f41c <b>"q"</b>'},
        {"role": "assistant", "content": "<think>\nx\n</think>\n\nyes"},
        {"role": "user", "content": "more"},
    ],
    "bos_token": "<s>",
    "eos_token": "</s>",
}


def render(template):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    try:
        return environment.from_string(template).render(tools=None, documents=None, add_generation_prompt=True, **VARIABLES)
    except Exception:
        return None


here = pathlib.Path(__file__).parent
templates = (here / "templates.txt").read_text().removesuffix("\n").split("\n@@\n")
cases = [{"template": template, "rendered": render(template)} for template in templates]
(here / "templates.json").write_text(json.dumps({**VARIABLES, "cases": cases}, indent=1) + "\n")
