"""What the library needs once in a while: the bin emptied of what is old, a backup a day."""

import shutil

from g4tui.paths import Paths
from g4tui.store import Store
from g4tui.store.daily import daily_backup


def look_after(store: Store, paths: Paths, *, backups: bool) -> list[str]:
    """Do what is due, which is nothing most times; blocks.

    Returns the ids of sessions that are gone for good now. Raises `G4tuiError` of kind `storage`.
    """
    gone = [row.id for row in store.empty_bin()]
    made = daily_backup(store) if backups else None
    if gone or made:
        forget_gone(store, paths)
    return gone


def forget_gone(store: Store, paths: Paths) -> None:
    """Delete what backends kept for conversations that are no longer in the library."""
    from g4tui.engine.caches import conversation_folders  # the whole engine comes with it

    folders = conversation_folders(paths.plugin_caches)
    gone = set(store.gone([folder.name for folder in folders]))
    for folder in folders:
        if folder.name in gone:
            shutil.rmtree(folder, ignore_errors=True)
