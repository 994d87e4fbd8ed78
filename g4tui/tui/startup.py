"""Opening the rooms behind the screens, off the UI's loop."""

from typing import TYPE_CHECKING

from g4tui.tui.services import Services

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.paths import Paths


def open_services(paths: "Paths", *, plugins: bool = True) -> Services:
    """Settings, library, store, runtime. Slow imports happen here. Raises `G4tuiError`.

    No plugin is imported yet. What an earlier run left streaming becomes interrupted.
    """
    from g4tui.config import load_settings
    from g4tui.engine import Chat, Runtime
    from g4tui.keys import KeyRing
    from g4tui.models import Library
    from g4tui.plugin import load_plugins
    from g4tui.store import Store

    settings = load_settings(paths).settings
    store = Store.open(paths.database)
    try:
        store.recover()
        installed = load_plugins(disabled=settings.plugins.disabled, enabled=plugins)
        library = Library(paths)
        keys = KeyRing(paths)
        runtime = Runtime(installed, settings, paths, library, secret=keys.get)
        chat = Chat(store, runtime, installed, defaults=settings.chat.params)
    except BaseException:
        store.close()
        raise
    return Services(
        paths=paths,
        settings=settings,
        store=store,
        plugins=installed,
        library=library,
        runtime=runtime,
        chat=chat,
    )


def early_theme(paths: "Paths") -> str:
    """The theme for the first paint, which waits for nothing else of the settings.

    Empty where none is set or a file cannot be read: opening the services will tell why.
    """
    for file in (paths.config_file, paths.settings_file):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if "theme" not in text:
            continue
        import tomllib

        try:
            theme = tomllib.loads(text)["ui"]["theme"]
        except (tomllib.TOMLDecodeError, KeyError, TypeError):
            continue
        if isinstance(theme, str):
            return theme
    return ""


def error_of(failure: BaseException) -> "ErrorInfo":
    """What to show of an exception."""
    from g4tui.core import ErrorInfo, G4tuiError

    if isinstance(failure, G4tuiError):
        return failure.info
    return ErrorInfo(
        "internal",
        "Something in g4tui went wrong",
        f"{type(failure).__name__}: {failure}",
        "If it stays so, please report it.",
    )
