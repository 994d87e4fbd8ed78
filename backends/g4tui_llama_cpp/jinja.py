"""The Jinja environment of chat templates: as Hugging Face has it, in a sandbox."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NoReturn

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox
from jinja2.exceptions import SecurityError

from g4tui_llama_cpp.guard import within

SECONDS = 5.0
MAX_OUTPUT = 64 << 20
_MAX_REPEAT = 1 << 20


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """No side effects, and no operator that makes something huge out of something small."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(
        self, context: jinja2.runtime.Context, operator: str, left: object, right: object
    ) -> object:
        numbers = _small_number(left) and _small_number(right)
        if operator == "**" and not (numbers and _small_number(right, 64)):
            raise SecurityError("a power too large")
        if operator == "*" and not numbers and not _small_repeat(left, right):
            raise SecurityError("a product too large")
        if operator == "%" and not numbers:
            raise SecurityError("formatting with %")
        return super().call_binop(context, operator, left, right)


def _small_number(value: object, limit: int = 1 << 64) -> bool:
    return isinstance(value, (int, float)) and abs(value) <= limit


def _small_repeat(left: object, right: object) -> bool:
    times, what = (left, right) if isinstance(left, int) else (right, left)
    return (
        isinstance(times, int)
        and isinstance(what, (str, list, tuple))
        and times * len(what) <= _MAX_REPEAT
    )


class _Generation(jinja2.ext.Extension):
    """`{% generation %}` marks an answer for training; here it is only its content."""

    tags = {"generation"}  # noqa: RUF012 - declared so by Jinja

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _today(pattern: str) -> str:
    # The day without the time: a clock in a prompt would end the reuse of what was evaluated.
    return datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).strftime(pattern)


def compile_template(source: str) -> Callable[[Mapping[str, object]], str]:
    """A function that renders `source`, sandboxed, within `SECONDS` and `MAX_OUTPUT`.

    Both raise what is wrong with the template: `jinja2.TemplateError`, `TimeoutError`,
    `MemoryError`, or any error of the expressions in it.
    """
    environment = _Sandbox(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[jinja2.ext.loopcontrols, _Generation],
    )
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _today
    template = within(SECONDS, lambda: environment.from_string(source))

    def render(values: Mapping[str, object]) -> str:
        return within(SECONDS, lambda: _joined(template, values))

    return render


def _joined(template: jinja2.Template, values: Mapping[str, object]) -> str:
    parts: list[str] = []
    size = 0
    for part in template.generate(values):
        size += len(part)
        if size > MAX_OUTPUT:
            raise MemoryError("the template's output has no end")
        parts.append(part)
    return "".join(parts)
