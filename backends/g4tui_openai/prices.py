"""What an answer costs: a small table with its date, and the person's own prices over it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from g4tui_openai.endpoints import Endpoint
from g4tui_openai.options import Price

_DATED = re.compile(r"-20\d\d-\d\d-\d\d$")


class _Row(msgspec.Struct, frozen=True):
    input: float
    output: float
    cached: float | None = None
    context: int | None = None


class _Table(msgspec.Struct, frozen=True):
    updated: str
    models: dict[str, _Row]


@lru_cache(maxsize=1)
def _table() -> _Table:
    return msgspec.json.decode(Path(__file__).with_name("prices.json").read_bytes(), type=_Table)


def _row(model: str) -> _Row | None:
    models = _table().models
    return models.get(model) or models.get(_DATED.sub("", model))


def price_of(model: str, endpoint: Endpoint, own: Mapping[str, Price]) -> Price | None:
    """Dollars per million tokens; `None` when nobody said. Free on this machine."""
    if model in own:
        return own[model]
    if endpoint.loopback:
        return Price(0.0, 0.0)
    row = _row(model) if endpoint.official else None
    return Price(row.input, row.output, row.cached) if row else None


def known_context(model: str, endpoint: Endpoint) -> int | None:
    """The context in tokens of a model of OpenAI's own, if the table has it."""
    row = _row(model) if endpoint.official else None
    return row.context if row else None


def price_text(model: str, endpoint: Endpoint, own: Mapping[str, Price]) -> str:
    """The price in a few words, for a list."""
    price = price_of(model, endpoint, own)
    if price is None:
        return "price unknown"
    if not price.input and not price.output:
        return ""
    since = "" if model in own else f" ({_table().updated})"
    return f"${price.input:g} in, ${price.output:g} out per million tokens{since}"


def cost(price: Price | None, prompt: int, cached: int, completion: int) -> float | None:
    """Dollars for these tokens; `cached` is part of `prompt`."""
    if price is None:
        return None
    kept = price.input if price.cached is None else price.cached
    fresh = max(prompt - cached, 0)
    return (fresh * price.input + cached * kept + completion * price.output) / 1_000_000
