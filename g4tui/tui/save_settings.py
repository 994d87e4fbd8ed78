"""Settings that screens write: into `settings.toml`, and into the running program."""

from collections.abc import Mapping

from g4tui.config import load_settings, set_list, set_setting, unset_setting
from g4tui.tui.services import Services


def save_settings(
    services: Services, values: Mapping[str, str | tuple[str, ...] | None]
) -> list[str]:
    """Write each dotted key (`None` takes it out) and read everything anew. Blocks on the disk.

    Returns the keys that the person's own `config.toml` sets too, and so decides. Raises
    `G4tuiError`; what was written before the failure stays.
    """
    decided_elsewhere: list[str] = []
    for key, value in values.items():
        if value is None:
            unset_setting(services.paths, key)
        elif isinstance(value, tuple):
            if set_list(services.paths, key, value).overridden_by:
                decided_elsewhere.append(key)
        elif set_setting(services.paths, key, value).overridden_by:
            decided_elsewhere.append(key)
    services.settings = load_settings(services.paths).settings
    services.chat.defaults = services.settings.chat.params
    return decided_elsewhere
