"""The page: one file with everything in it, which asks for nothing from anywhere."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

from g4tui.sanitize import clean
from g4tui_training.map.rows import Spot, Value

PROMPT_CHARACTERS, RESPONSE_CHARACTERS = 600, 300
# More different texts than this are no colours.
_MOST_VALUES = 400
_SCALE = 65_535
_PLACE = re.compile(r"\{\{(title|data)\}\}")


def page(spots: Sequence[Spot], xy: Sequence[Sequence[float]], title: str, colour: str) -> str:
    """The whole page. `colour`: the column to begin with. Nothing in a row can leave its string."""
    columns = {name: _column(spots, name) for name in _names(spots)}
    data = {
        "ids": [spot.id for spot in spots],
        "x": [round(place[0] * _SCALE) for place in xy],
        "y": [round(place[1] * _SCALE) for place in xy],
        "prompts": [_shown(spot.prompt, PROMPT_CHARACTERS) for spot in spots],
        "answers": [_shown(spot.response, RESPONSE_CHARACTERS) for spot in spots],
        "columns": {name: column for name, column in columns.items() if column is not None},
        "colour": colour,
    }
    text = json.dumps(data, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    shell = Path(__file__).with_name("page.html").read_text("utf-8")
    parts = {"title": html.escape(clean(title)), "data": text}
    return _PLACE.sub(lambda place: parts[place[1]], shell)


def _names(spots: Sequence[Spot]) -> list[str]:
    return list(dict.fromkeys(name for spot in spots for name in spot.columns))


def _column(spots: Sequence[Spot], name: str) -> dict[str, object] | None:
    """Numbers as they are, texts as indices into their values; `None` where it tells nothing."""
    values: list[Value | None] = [spot.columns.get(name) for spot in spots]
    told = [value for value in values if value is not None]
    if len(set(told)) < 2 and len(told) == len(values):
        return None
    if all(isinstance(value, float) for value in told):
        return {"numbers": values}
    counts: dict[str, int] = {}
    texts = ["" if value is None else str(value) for value in values]
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    if len(counts) > _MOST_VALUES:
        return None
    order = sorted(counts, key=lambda text: (-counts[text], text))
    index = {text: at for at, text in enumerate(order)}
    return {
        "values": [_shown(text, 60) or "none" for text in order],
        "codes": [index[text] for text in texts],
    }


def _shown(text: str, limit: int) -> str:
    shown = clean(text[:limit])
    return shown if len(text) <= limit else shown[: limit - 1] + "…"
