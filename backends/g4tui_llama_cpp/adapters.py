"""LoRA adapters of a loaded model: read once, applied in any combination."""

from collections.abc import Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.formats import read_gguf
from g4tui_llama_cpp import kv_store
from g4tui_llama_cpp.native import Model


class Adapters:
    """The adapters that were loaded so far, by what identifies their file."""

    def __init__(self, model: Model, architecture: str) -> None:
        self._model = model
        self._architecture = architecture
        self._handles: dict[str, int] = {}

    def load(self, paths: Sequence[str]) -> tuple[list[int], str, bool]:
        """Handles of the adapters, a name for the combination, and whether any is new.

        Raises `G4tuiError`: `missing` when a file is not there, `model` when it is no adapter, is
        damaged, or does not fit the loaded model.
        """
        handles: list[int] = []
        names: list[str] = []
        fresh = False
        for text in paths:
            path = Path(text)
            try:
                name = kv_store.identity(path)
            except OSError as error:
                raise G4tuiError(
                    "missing",
                    "The adapter cannot be read",
                    f"{path}: {error.strerror or error}",
                    "Check the path after the + in the model's name.",
                ) from error
            if name not in self._handles:
                self._handles[name] = self._load(path)
                fresh = True
            handles.append(self._handles[name])
            names.append(name)
        return handles, "+".join(names), fresh

    def _load(self, path: Path) -> int:
        header = read_gguf(path)
        if not header.is_adapter:
            raise _refused(path, "It is not a LoRA adapter.")
        if header.architecture != self._architecture:
            raise _refused(
                path, f"It was made for {header.architecture}, the model is {self._architecture}."
            )
        handle, errors = self._model.load_adapter(path)
        if not handle:
            raise _refused(path, errors[-1] if errors else "llama.cpp gave no reason.")
        return handle


def _refused(path: Path, detail: str) -> G4tuiError:
    return G4tuiError(
        "model",
        f"{path.name} does not fit this model",
        detail,
        "Use an adapter that was trained on this very base model.",
    )
