"""Which models there are, and how one is opened. Imports nothing heavy."""

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from g4tui.core import Backend, Engine, G4tuiError, Host, ModelFile, ModelInfo, ModelSpec
from g4tui_llama_cpp.options import LlamaCppOptions

INSTALL = 'pip install "g4tui[llama-cpp]"'
# Beside the weights: a KV cache of a usual size, the graph's buffers, the process itself.
_OVERHEAD_BYTES = 200 << 20


class LlamaCppBackend(Backend[LlamaCppOptions]):
    """GGUF models through llama.cpp."""

    name = "llama-cpp"
    hot_adapters: ClassVar[bool] = True
    options = LlamaCppOptions

    def models(self, host: Host, options: LlamaCppOptions) -> list[ModelInfo]:
        """Every GGUF model of the host, and each with the adapters that were made for it.

        One that does not say so, or names a base that is not here, is listed with each model beside
        it, and says so.
        """
        installed = is_installed()
        bases = [file for file in host.model_files if _is_model(file)]
        adapters = [file for file in host.model_files if file.role == "adapter"]
        fitting = {adapter.path: _bases_of(adapter, bases) for adapter in adapters}
        found: list[ModelInfo] = []
        for base in bases:
            found.append(_info(base, options, installed))
            found += [
                _info(base, options, installed, adapter)
                for adapter in adapters
                if base in fitting[adapter.path]
            ]
        return found

    def open(self, spec: ModelSpec, options: LlamaCppOptions, host: Host) -> Engine:
        """Load a model by its name among the host's files, or by its path."""
        if not is_installed():
            raise not_installed()
        from g4tui_llama_cpp.opening import open_engine

        return open_engine(host.find_file(spec.model), spec, options, host)

    def environment(self) -> Mapping[str, str]:
        """What has to be said before the libraries are loaded.

        ggml's threads meet a thousand times a token and spin while they wait. On a core that a
        screen or a browser needs too, that wastes whole time slices: with four other busy
        processes on two cores, a short spin is 5 times as fast, and on idle ones 2 % slower. And
        ggml starts gdb when it aborts, which would bury its last words in a backtrace.
        """
        return {"GOMP_SPINCOUNT": "1000", "GGML_NO_BACKTRACE": "1"}


def is_installed() -> bool:
    """Whether llama-cpp-python is there; it is not imported for that."""
    return find_spec("llama_cpp") is not None


def not_installed() -> G4tuiError:
    """The error for a missing llama-cpp-python."""
    return G4tuiError(
        "missing",
        "llama.cpp is not installed",
        "The Python package llama-cpp-python runs GGUF models.",
        f"{INSTALL} (it compiles for some minutes and needs a C and a C++ compiler)",
    )


def _is_model(file: ModelFile) -> bool:
    """Also what is called a GGUF file and cannot be read as one: it is listed with the reason."""
    by_name = file.format == "unknown" and file.path.lower().endswith(".gguf")
    return file.role == "model" and (file.format == "gguf" or by_name)


def _bases_of(adapter: ModelFile, bases: Sequence[ModelFile]) -> list[ModelFile]:
    """Those it was made for; where none of them is known to be, all beside it that it may fit."""
    fitting = [base for base in bases if adapter.architecture == base.architecture]
    if adapter.error:
        return []
    if exact := [base for base in fitting if base.path == adapter.base]:
        return exact
    beside = [base for base in fitting if Path(base.path).parent == Path(adapter.path).parent]
    return [base for base in beside if _made_for(adapter, base)] or beside


def _made_for(adapter: ModelFile, base: ModelFile) -> bool:
    """By path, or by name: as the base's header has it, its title, or its file's name."""
    file_name = re.sub(rf"[.-]{re.escape(base.quantisation)}$", "", base.name, flags=re.IGNORECASE)
    names = {_plain(name) for name in (base.own_name, base.title, base.name, file_name) if name}
    return adapter.base == base.path or (bool(adapter.base) and _plain(adapter.base) in names)


def _plain(name: str) -> str:
    """`SmolLM2 135M Instruct` and `smollm2-135m-instruct` are one name."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _mending(file: ModelFile) -> str:
    if Path(file.path).is_dir():
        return f"Move the folder {file.path} away, then pull {file.name} again."
    return f"Pull {file.name} again: the file {file.path} is damaged."


def _info(
    base: ModelFile, options: LlamaCppOptions, installed: bool, adapter: ModelFile | None = None
) -> ModelInfo:
    extra = (adapter.path,) if adapter else ()
    title = base.title or base.name
    detail, remedy = "", ""
    if base.error:
        detail, remedy = base.error, _mending(base)
    elif not installed:
        detail, remedy = "needs llama.cpp", INSTALL
    elif adapter and not adapter.base:
        detail = "it does not say which model it was made for"
    elif adapter and not _made_for(adapter, base):
        detail = f"it was made for {adapter.base}, which is not here"
    size = base.size_bytes + (adapter.size_bytes if adapter else 0)
    return ModelInfo(
        id=ModelSpec("llama-cpp", base.name, adapters=extra).id,
        backend="llama-cpp",
        title=f"{title} + {adapter.title or adapter.name}" if adapter else title,
        size_bytes=size,
        context=min(base.context, options.context) if base.context else None,
        ready=installed and not base.error,
        detail=detail,
        remedy=remedy,
        licence=base.licence,
        ram_bytes=size + size // 10 + _OVERHEAD_BYTES,
        card=adapter.card if adapter else base.card,
    )
