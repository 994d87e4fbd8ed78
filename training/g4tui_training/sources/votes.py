"""A source of your own: what you voted for and corrected in the chat."""

from pathlib import Path

from g4tui.config import backend_options, load_settings
from g4tui.core import ModelSpec
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui.store import Store
from g4tui.votes import Harvest, lines, terms_by_host
from g4tui_training.recipe import Source
from g4tui_training.writing import write_whole


def votes_file(source: Source, file: Path) -> Path:
    """Bring `file` up to date with the library, as `g4tui votes export --format sft` writes it.

    A file that would stay the same is left alone. Raises `G4tuiError`.
    """
    paths = Paths.from_environment()
    rows = b""
    if paths.database.exists():
        settings = load_settings(paths).settings
        plugins = load_plugins(disabled=settings.plugins.disabled)

        def destination(spec: ModelSpec) -> str:
            backend = plugins.backend(spec.backend)
            return backend.destination(spec, backend_options(settings, backend))

        store = Store.open(paths.database)
        try:
            rows = lines(Harvest(store, terms_by_host(destination), source.licence).pairs())
        finally:
            store.close()
    if not file.is_file() or file.read_bytes() != rows:
        write_whole(file, rows)
    return file
