"""Settings that name something of the screen: themes, actions and keys that do not exist."""

from collections.abc import Iterator

from textual.keys import Keys, key_to_character
from textual.theme import BUILTIN_THEMES

from g4tui.config import Settings
from g4tui.config.tables import dotted
from g4tui.core.nearest import did_you_mean
from g4tui.tui.bindings import ACTIONS
from g4tui.tui.themes import own_themes

_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_NAMED_KEYS = {key.value for key in Keys if key.value[0].isalnum()}


def unknown_names(settings: Settings) -> Iterator[tuple[str, str]]:
    """Dotted settings that have no effect, each with the reason and the nearest known name."""
    theme = settings.ui.theme
    themes = [*(own.name for own in own_themes()), *BUILTIN_THEMES]
    if theme not in themes:
        known = did_you_mean(theme, themes) or f"Known: {', '.join(themes)}."
        yield "ui.theme", f"There is no theme {theme!r}. {known}"
    actions = [action.id for action in ACTIONS]
    for action, keys in settings.keys.items():
        if action not in actions:
            known = did_you_mean(action, actions) or "F1 in the chat shows all of them."
            yield dotted(("keys", action)), f"There is no action {action!r}. {known}"
            continue
        for key in filter(None, (key.strip() for key in keys.split(","))):
            if not _is_key(key):
                known = did_you_mean(key, _NAMED_KEYS) or "It reads like ctrl+k, f5 or slash."
                yield dotted(("keys", action)), f"There is no key {key!r}. {known}"


def _is_key(name: str) -> bool:
    """Whether a terminal can send it, under the name that Textual gives it."""
    if name in _NAMED_KEYS:
        return True
    head, _, key = name.rpartition("+")
    modifiers = set(head.split("+")) if head else set()
    known = key in _NAMED_KEYS or (key == key.lower() and key_to_character(key) is not None)
    return len(name) == 1 or (known and modifiers <= _MODIFIERS)
