"""Fields for how a model samples: a grid of labelled inputs that say what is wrong with them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from textual import on
from textual.containers import Grid, Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from g4tui.config.params import CONTEXT, RULES, Rule, parse_param
from g4tui.core import G4tuiError, Params

LABELS = {
    "temperature": "Temperature",
    "max_tokens": "Longest answer",
    "top_p": "Top p",
    "top_k": "Top k",
    "min_p": "Min p",
    "repeat_penalty": "Repeat penalty",
    "seed": "Seed",
    "context": "Context",
}
WIDEST_RANGE = 1_000_000
"""Upper limits from here on are there for the machine, and say nothing to a person."""


class Entered(NamedTuple):
    """What the fields hold: values, and for each wrong one the reason."""

    values: dict[str, float | None]
    wrong: dict[str, str]


class ParamFields(Grid):
    """One field for each name in `values`; blank is the default, which `default` tells."""

    DEFAULT_CSS = """
    ParamFields {
        grid-size: 2; grid-gutter: 0 2; height: auto; grid-rows: auto;
        .field { height: auto; }
        .field Horizontal { height: 1; }
        .field Label { width: 15; }
        .field Input { width: 1fr; }
        .complaint { height: auto; color: $text-error; display: none; }
    }
    """

    def __init__(self, values: Mapping[str, object], default: Callable[[str], object]) -> None:
        self._names = tuple(values)
        self._complained: dict[str, str] = {}
        super().__init__(
            *(self._field(name, value, default(name)) for name, value in values.items())
        )

    def _field(self, name: str, value: object, default: object) -> Widget:
        hint = f"{_written(default) or 'default'} ({_range(_rule(name))})"
        box = Input(_written(value), placeholder=hint, id=name)
        box.tooltip = _rule(name).description
        complaint = Static("", classes="complaint", id=f"{name}-wrong", markup=False)
        return Vertical(Horizontal(Label(LABELS[name]), box), complaint, classes="field")

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        # A change may be told late: a complaint about this very text stays.
        name = event.input.id
        if name is not None and self._complained.get(name) != event.input.value:
            self._complain(name, "")

    def read(self) -> dict[str, float | None] | None:
        """The values; `None` when a field is wrong, which then says so and has the focus."""
        entered = self._entered()
        for name, reason in entered.wrong.items():
            self._complain(name, reason)
        if entered.wrong:
            self.query_one(f"#{next(iter(entered.wrong))}", Input).focus()
            return None
        return entered.values

    def _entered(self) -> Entered:
        entered = Entered({}, {})
        for name in self._names:
            text = self.query_one(f"#{name}", Input).value.strip()
            try:
                value = parse_param(name, text.replace(",", "."), _rule(name)) if text else None
            except G4tuiError:
                kind = "a whole number" if _rule(name).kind is int else "a number"
                entered.wrong[name] = f"Must be {kind}, {_range(_rule(name))}"
            else:
                entered.values[name] = value
        return entered

    def _complain(self, name: str, reason: str) -> None:
        complaint = self.query_one(f"#{name}-wrong", Static)
        complaint.update(reason)
        complaint.display = bool(reason)
        box = self.query_one(f"#{name}", Input)
        box.set_class(bool(reason), "-wrong")
        self._complained[name] = box.value


def params_of(values: Mapping[str, float | None]) -> Params:
    """What was entered, without what was left blank."""
    given = {name: value for name, value in values.items() if value is not None}
    return msgspec.convert(given, Params)


def _rule(name: str) -> Rule:
    return CONTEXT if name == "context" else RULES[name]


def _range(rule: Rule) -> str:
    return f"from {rule.low:g}" if rule.high >= WIDEST_RANGE else rule.range


def _written(value: object) -> str:
    """A number as a person types it; nothing for no value."""
    return "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
