"""The llama.cpp backend: GGUF models on this machine's own processor.

Only this module and `backend` are imported by the application; everything native is loaded inside
a worker process, by `g4tui_llama_cpp.native`.
"""

from g4tui.plugin import hookimpl
from g4tui_llama_cpp.backend import LlamaCppBackend

G4TUI_API = 1


@hookimpl
def g4tui_register_backends() -> list[LlamaCppBackend]:
    """Give the one backend of this plugin."""
    return [LlamaCppBackend()]
