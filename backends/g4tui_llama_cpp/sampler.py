"""How the next token is chosen: a request's parameters as a sampler chain."""

import secrets
from collections.abc import Mapping, Sequence

import msgspec

from g4tui.core import G4tuiError, Params
from g4tui_llama_cpp.native import Model, Sampler

# Used where neither the request nor the model's file says something else.
DEFAULTS = Params(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0)
# Small models wander at higher temperatures, and circle without a penalty.
SMALL = 1_000_000_000
SMALL_DEFAULTS = Params(temperature=0.5, repeat_penalty=1.1)
REPEAT_LAST = 256
# What a GGUF may recommend for itself.
_KEYS = {
    "temperature": "general.sampling.temp",
    "top_k": "general.sampling.top_k",
    "top_p": "general.sampling.top_p",
    "min_p": "general.sampling.min_p",
    "repeat_penalty": "general.sampling.penalty_repeat",
}


def model_defaults(model: Model) -> Params:
    """Our defaults with what the model's file recommends."""
    ours = DEFAULTS.merged(SMALL_DEFAULTS) if model.parameters < SMALL else DEFAULTS
    found: dict[str, object] = {}
    for field, key in _KEYS.items():
        value = model.meta(key)
        if value is not None:
            found[field] = value
    try:
        return ours.merged(msgspec.convert(found, Params, strict=False))
    except msgspec.ValidationError:
        return ours


def is_repeatable(params: Params, defaults: Params) -> bool:
    """Whether the same request is to give the same answer each time."""
    return params.seed is not None or defaults.merged(params).temperature == 0.0


def make_sampler(
    model: Model, params: Params, defaults: Params, said: Sequence[int] = ()
) -> Sampler:
    """A chain for one answer. `said`: the answer's tokens so far, which repetition counts.

    The prompt is not counted: it is full of end-of-turn tokens, and an answer that may not say
    them never ends. Raises `G4tuiError` of kind `usage` for values that make no sense.
    """
    chosen = defaults.merged(params)
    temperature = _within("temperature", chosen.temperature, 0.0, 100.0)
    top_k = int(_within("top_k", chosen.top_k, 0, 1_000_000))
    top_p = _within("top_p", chosen.top_p, 0.0, 1.0)
    min_p = _within("min_p", chosen.min_p, 0.0, 1.0)
    repeat = _within("repeat_penalty", chosen.repeat_penalty, 0.01, 100.0)
    frequency = _extra(chosen.extra, "frequency_penalty")
    presence = _extra(chosen.extra, "presence_penalty")
    sampler = Sampler(model)
    if repeat != 1.0 or frequency or presence:
        sampler.penalties(REPEAT_LAST, repeat, frequency, presence)
    if temperature == 0.0:
        sampler.likeliest()
    else:
        if top_k:
            sampler.top_k(top_k)
        if top_p < 1.0:
            sampler.top_p(top_p)
        if min_p > 0.0:
            sampler.min_p(min_p)
        sampler.temperature(temperature)
        seed = secrets.randbits(31) if chosen.seed is None else chosen.seed
        sampler.draw(seed % 0xFFFFFFFF)  # the one value left out means "at random" to llama.cpp
    for token in said[-REPEAT_LAST:]:
        sampler.accept(token)
    return sampler


def _within(name: str, value: float | None, low: float, high: float) -> float:
    if value is None or not low <= value <= high:
        raise G4tuiError(
            "usage",
            f"{name} cannot be {value}",
            f"It must lie between {low:g} and {high:g}.",
            f"Change {name} in the parameters.",
        )
    return value


def _extra(extra: Mapping[str, object], name: str) -> float:
    value = extra.get(name, 0.0)
    return _within(name, float(value) if isinstance(value, (int, float)) else None, -2.0, 2.0)
