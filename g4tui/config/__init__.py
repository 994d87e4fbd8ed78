"""Settings: what can be set, where it is read from, and what is wrong with it."""

from g4tui.config.settings import (
    DEFAULT_MODEL,
    ChatSettings,
    Loaded,
    SetResult,
    Settings,
    backend_options,
    load_settings,
    set_list,
    set_setting,
    setting,
    unset_setting,
)

__all__ = [
    "DEFAULT_MODEL",
    "ChatSettings",
    "Loaded",
    "SetResult",
    "Settings",
    "backend_options",
    "load_settings",
    "set_list",
    "set_setting",
    "setting",
    "unset_setting",
]
