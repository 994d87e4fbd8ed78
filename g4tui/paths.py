"""Where things lie: settings, the library with its models, and what may be thrown away."""

import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Three folders: `config` (a person's settings), `data` (sessions, models), `cache`.

    The fields are plain values. What lies in `data` or `cache` has its folder made
    when its path is asked for (mode 0700); a refusal is a `G4tuiError` of kind `storage`.
    """

    config: Path
    data: Path
    cache: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Paths":
        """Below `$G4TUI_HOME` where that is set, else where the platform wants them."""
        home = environ.get("G4TUI_HOME", "")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "config", root / "data", root / "cache")
        from platformdirs import PlatformDirs  # 20 ms, of no use under G4TUI_HOME

        dirs = PlatformDirs("g4tui", appauthor=False)
        return cls(dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path)

    @property
    def config_file(self) -> Path:
        """The person's own settings; g4tui only reads it."""
        return self.config / "config.toml"

    @property
    def settings_file(self) -> Path:
        """Settings that g4tui writes; `config_file` goes before it."""
        return self.config / "settings.toml"

    @property
    def keys_file(self) -> Path:
        """API keys, for where there is no keyring (mode 0600)."""
        return self.config / "keys.json"

    @property
    def database(self) -> Path:
        """The library of sessions."""
        return private_folder(self.data) / "library.sqlite3"

    @property
    def models(self) -> Path:
        """The folder of model files."""
        return private_folder(self.data / "models")

    @property
    def logs(self) -> Path:
        """The folder of workers' logs."""
        return private_folder(self.cache / "logs")

    @property
    def quarantine_file(self) -> Path:
        """Which models killed their worker."""
        return private_folder(self.data) / "quarantine.json"

    def worker_log(self, model: str) -> Path:
        """What the worker of the model of this name prints; the same name gives the same file."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", model)[-60:].strip("-.")
        return self.logs / f"{readable}-{zlib.crc32(model.encode()):08x}.log"

    @property
    def plugin_caches(self) -> Path:
        """What holds one folder for each plugin."""
        return private_folder(self.cache / "plugins")

    def plugin_cache(self, name: str) -> Path:
        """The folder that the plugin `name` may fill; it may be emptied at any time."""
        return private_folder(self.plugin_caches / name)


def expanded(path: str | Path) -> Path:
    """`~` and `~somebody` as their homes; a name like `~nobody` stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def private_folder(folder: Path) -> Path:
    """`folder`, made if it is not there, as is every missing folder above it (mode 0700)."""
    try:
        for place in reversed((folder, *folder.parents)):
            if not place.is_dir():
                place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        from g4tui.core.errors import G4tuiError  # the screen paints before it is imported

        raise G4tuiError(
            "storage",
            "A folder of g4tui cannot be made",
            f"{folder}: {error.strerror or error}.",
            "Make it writable, or set G4TUI_HOME to a folder that is.",
        ) from error
    return folder
