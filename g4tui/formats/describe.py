"""A model file in one line, whatever it holds."""

from pathlib import Path
from typing import Literal

from g4tui.core import G4tuiError, ModelFile
from g4tui.formats.ggml import MAGICS, ggml_header
from g4tui.formats.gguf import MAGIC, gguf_header
from g4tui.formats.reader import Reader

Format = Literal["gguf", "ggml", "unknown"]


def describe_file(path: Path, name: str = "") -> ModelFile:
    """What the file's header tells; never raises, `error` says why a header cannot be read."""
    name = name or path.stem
    size = 0
    form: Format = "unknown"
    try:
        size = path.stat().st_size
        if not path.is_file():
            error = "it is a folder, not a file" if path.is_dir() else "it is no ordinary file"
            return ModelFile(name, str(path), 0, form, error=error)
        form = sniff(path)
        if form == "gguf":
            return _gguf(path, name)
        if form == "ggml":
            return _ggml(path, name, size)
        error = "it is neither GGUF nor GGML" if size else "it is empty"
    except G4tuiError as failure:
        error = failure.info.detail or failure.info.title
    except FileNotFoundError:
        error = "it is a link to nothing" if path.is_symlink() else "it is not there"
    except (OSError, ValueError) as failure:
        error = str(failure)
    return ModelFile(name, str(path), size, form, error=error)


def sniff(path: Path) -> Format:
    """The form that the first four bytes claim. Raises `OSError`, `ValueError` for a NUL in it."""
    with path.open("rb") as file:
        magic = file.read(4)
    return "gguf" if magic == MAGIC else "ggml" if magic in MAGICS else "unknown"


def _gguf(path: Path, name: str) -> ModelFile:
    with Reader(path) as reader:
        header = gguf_header(reader)
    return ModelFile(
        name,
        str(path),
        header.size_bytes,
        "gguf",
        "adapter" if header.is_adapter else "model",
        architecture=header.architecture,
        title=header.title,
        quantisation=header.quantisation,
        context=header.context,
        parameters=header.parameters,
        licence=header.licence,
        own_name=header.title,
        base=header.base_name if header.is_adapter else "",
    )


def _ggml(path: Path, name: str, size: int) -> ModelFile:
    with Reader(path) as reader:
        header = ggml_header(reader)
    return ModelFile(
        name,
        str(path),
        size,
        "ggml",
        architecture=header.family,
        quantisation=header.quantisation,
        context=header.context,
        parameters=header.parameters,
    )
