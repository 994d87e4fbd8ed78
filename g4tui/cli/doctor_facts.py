"""What `g4tui doctor` finds out, as values: `--json` prints exactly these."""

import msgspec


class PythonFacts(msgspec.Struct):
    """The interpreter."""

    version: str
    executable: str


class TerminalFacts(msgspec.Struct):
    """What output goes to."""

    term: str
    encoding: str


class ExtraFacts(msgspec.Struct):
    """An optional part; `add` is the line that installs it, `None` where it is installed."""

    name: str
    installed: bool
    packages: dict[str, str | None]
    add: str | None


class PathFacts(msgspec.Struct):
    """A folder of ours; it may not be there yet."""

    name: str
    path: str
    size_bytes: int
    writable: bool


class ModelFacts(msgspec.Struct):
    """The model of new sessions, and how many models are ready."""

    default: str
    ready: bool = False
    detail: str = ""
    remedy: str = ""
    ready_models: int = 0


class LibraryFacts(msgspec.Struct):
    """The saved sessions; `check` is `ok`, `none yet`, or what SQLite says.

    `size_bytes` is that of the whole file with its journal, `in_bin_bytes` that of the text alone.
    `newest_backup`: seconds since 1970. `states`: how many chats backends keep something of.
    """

    path: str
    size_bytes: int | None = None
    sessions: int | None = None
    check: str = "none yet"
    in_bin: int = 0
    in_bin_bytes: int = 0
    backups: int = 0
    backups_bytes: int = 0
    newest_backup: float | None = None
    states: int = 0
    states_bytes: int = 0


class KeyFacts(msgspec.Struct):
    """That there is a key."""

    server: str
    origin: str
    place: str


class DoctorFacts(msgspec.Struct):
    """All of it. `problems` want mending, `notes` only knowing; each is a few lines of text."""

    g4tui: str
    python: PythonFacts
    platform: str
    terminal: TerminalFacts
    extras: list[ExtraFacts]
    paths: list[PathFacts]
    model: ModelFacts
    plugins: list[dict[str, object]]
    keys: list[KeyFacts]
    library: LibraryFacts
    notes: list[str]
    problems: list[str]
