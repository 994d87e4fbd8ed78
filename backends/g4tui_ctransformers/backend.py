"""Which models there are, and how one is opened. Imports nothing heavy."""

from importlib.util import find_spec

from g4tui.core import Backend, Engine, G4tuiError, Host, ModelFile, ModelInfo, ModelSpec
from g4tui_ctransformers.options import CtransformersOptions

INSTALL = 'pip install "g4tui[ctransformers]"'
# Beside the weights: the graph's buffers, which are fixed, and the process itself.
_OVERHEAD_BYTES = 350 << 20


class CtransformersBackend(Backend[CtransformersOptions]):
    """Older GGML models through ctransformers.

    GGUF files are llama-cpp's and not listed; one of the few that ctransformers reads is opened
    when it is asked for by name.
    """

    name = "ctransformers"
    options = CtransformersOptions

    def models(self, host: Host, options: CtransformersOptions) -> list[ModelInfo]:
        """Every GGML file of the host."""
        installed = is_installed()
        return [_info(file, installed) for file in host.model_files if _is_ours(file)]

    def open(self, spec: ModelSpec, options: CtransformersOptions, host: Host) -> Engine:
        """Load a model by its name among the host's files, or by its path."""
        if spec.adapters:
            raise G4tuiError(
                "unsupported",
                "ctransformers applies no adapters",
                f"{spec.adapters[0]} was asked for.",
                "Use a GGUF base with llama-cpp.",
            )
        if not is_installed():
            raise G4tuiError(
                "missing",
                "ctransformers is not installed",
                "The Python package ctransformers runs GGML models.",
                INSTALL,
            )
        from g4tui_ctransformers.opening import open_engine

        return open_engine(host.find_file(spec.model), spec, options, host)


def is_installed() -> bool:
    """Whether ctransformers is there; it is not imported for that."""
    return find_spec("ctransformers") is not None


def _is_ours(file: ModelFile) -> bool:
    """Also what is called as these files are and cannot be read: it is listed with the reason."""
    by_name = file.format == "unknown" and not file.path.lower().endswith(".gguf")
    return file.format == "ggml" or by_name


def _info(file: ModelFile, installed: bool) -> ModelInfo:
    detail, remedy = "", ""
    if file.error:
        detail, remedy = file.error, f"Get {file.path} again: it is damaged."
    elif not installed:
        detail, remedy = "needs ctransformers", INSTALL
    return ModelInfo(
        id=ModelSpec("ctransformers", file.name).id,
        backend="ctransformers",
        title=file.title or file.name,
        size_bytes=file.size_bytes,
        context=file.context,
        ready=not detail,
        detail=detail,
        remedy=remedy,
        licence=file.licence,
        ram_bytes=file.size_bytes + file.size_bytes // 10 + _OVERHEAD_BYTES,
    )
