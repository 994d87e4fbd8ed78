"""The files of a source on this machine."""

import re
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.recipe import Source


def source_files(source: Source, folder: Path) -> list[Path]:
    """The files of a source, sorted; relative to the recipe's `folder`.

    Raises `G4tuiError` of kind `missing` for a path that names no file.
    """
    patterns = (source.path,) if isinstance(source.path, str) else source.path
    found: set[Path] = set()
    for pattern in patterns:
        path = Path(pattern).expanduser()
        matches = [folder / path]  # a name may have a * or a [ in it
        if not matches[0].exists() and re.search(r"[*?\[]", pattern):
            root = Path(path.anchor) if path.is_absolute() else folder
            matches = list(root.glob(str(path.relative_to(path.anchor))))
        files = [match for match in matches if match.is_file()]
        if not files:
            raise G4tuiError(
                "missing",
                f"The source {source.name} has no file",
                f"{pattern} matches nothing"
                + ("." if path.is_absolute() else f" below {folder.absolute()}."),
                "Correct its path in the recipe.",
            )
        found.update(files)
    return sorted(found)
