"""How sampling parameters are checked, wherever a person enters them."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from g4tui.core import G4tuiError, Params
from g4tui.core.nearest import did_you_mean


class Rule(NamedTuple):
    """What a parameter may be: `low` to `high`, both allowed."""

    kind: type[int] | type[float]
    low: float
    high: float
    description: str

    @property
    def range(self) -> str:
        """For people: `0 to 1`."""
        return f"{self.low:.10g} to {self.high:.10g}"


RULES = {
    "temperature": Rule(float, 0, 5, "how freely the model chooses; 0 always takes the likeliest"),
    "top_k": Rule(int, 0, 1_000_000, "choose among so many tokens; 0: all"),
    "top_p": Rule(float, 0, 1, "choose among the likeliest tokens of this probability together"),
    "min_p": Rule(float, 0, 1, "leave out tokens less likely than this share of the likeliest"),
    "repeat_penalty": Rule(float, 0, 10, "above 1 makes repetition less likely"),
    "seed": Rule(int, 0, 4_294_967_295, "the same seed gives the same choices"),
    "max_tokens": Rule(int, 1, 100_000_000, "the longest answer, in tokens"),
}
CONTEXT = Rule(int, 16, 100_000_000, "how many tokens the model is loaded for; reloads it")


class Assigned(NamedTuple):
    """What `KEY=VALUE` pairs said."""

    params: Params
    context: int | None


def check_params(params: Params) -> str:
    """What is wrong with `params`, as `name: what`; empty when nothing is."""
    for name, rule in RULES.items():
        value = getattr(params, name)
        if value is not None and not rule.low <= value <= rule.high:
            return f"{name}: {value:.10g} is not within {rule.range}."
    return ""


def parse_params(pairs: Iterable[str]) -> Assigned:
    """Read `KEY=VALUE` pairs; raises `G4tuiError` of kind `usage`."""
    values: dict[str, float] = {}
    context: int | None = None
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise _wrong(f"{pair!r} should read KEY=VALUE.")
        if name == "context":
            context = int(parse_param(name, text, CONTEXT))
        elif name in RULES:
            values[name] = parse_param(name, text, RULES[name])
        else:
            known = [*RULES, "context"]
            guess = did_you_mean(name, known) or f"Known: {', '.join(known)}."
            raise _wrong(f"There is no parameter {name!r}. {guess}")
    return Assigned(msgspec.convert(values, Params), context)


def parse_param(name: str, text: str, rule: Rule) -> float:
    """One value as a person typed it; raises `G4tuiError` of kind `usage`."""
    try:
        value = rule.kind(text.strip())
    except ValueError:
        kind = "a whole number" if rule.kind is int else "a number"
        raise _wrong(f"{name}: {text!r} is not {kind}.") from None
    if not rule.low <= value <= rule.high:
        raise _wrong(f"{name}: {text.strip()} is not within {rule.range}.")
    return value


def _wrong(detail: str) -> G4tuiError:
    return G4tuiError("usage", "A parameter is wrong", detail, "See all with: g4tui ask --help")
