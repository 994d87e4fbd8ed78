"""How a model is named: `backend[@server]:model[+adapter.gguf]`."""

from pathlib import Path

import msgspec

from g4tui.core.errors import G4tuiError


class ModelSpec(msgspec.Struct, frozen=True):
    """What to open: which backend, on which configured server, which model.

    `adapters` are LoRA files (absolute paths); `context` is the size to load with, in tokens
    (`None`: the backend's default).
    """

    backend: str
    model: str
    server: str = ""
    adapters: tuple[str, ...] = ()
    context: int | None = None

    @property
    def id(self) -> str:
        """The name that is shown and saved; `parse_model` reads it back."""
        server = f"@{self.server}" if self.server else ""
        return "+".join((f"{self.backend}{server}:{self.model}", *self.adapters))

    @property
    def base(self) -> "ModelSpec":
        """The same model without adapters: what one loaded engine serves."""
        return msgspec.structs.replace(self, adapters=())


def parse_model(name: str, *, context: int | None = None) -> ModelSpec:
    """Read a model's name; relative paths become absolute, as they are saved.

    Raises `G4tuiError` of kind `usage` for a name without backend or model.
    """
    head, colon, model = name.partition(":")
    backend, at, server = head.partition("@")
    if not (colon and backend and model) or (at and not server):
        raise G4tuiError(
            "usage",
            "That is not a model's name",
            f"{name!r} should read backend:model or backend@server:model.",
            "See the names with: g4tui models",
        )
    adapters: list[str] = []
    while "+" in model and not _is_file(model):
        base, _, last = model.rpartition("+")
        if not base or not last.lower().endswith(".gguf"):
            break
        adapters.insert(0, _absolute(last))
        model = base
    return ModelSpec(backend, _absolute(model), server, tuple(adapters), context)


def _is_file(text: str) -> bool:
    return Path(text).expanduser().is_file()


def _absolute(text: str) -> str:
    """A path made absolute; a plain name stays a name."""
    path_like = text.startswith(("./", "../", "~", "/")) or (
        text.lower().endswith((".gguf", ".bin", ".ggml")) and _is_file(text)
    )
    return str(Path(text).expanduser().absolute()) if path_like else text
