"""The ctransformers backend: GGML files from before GGUF, on this machine's own processor.

Only this module and `backend` are imported by the application; everything native is loaded inside
a worker process, by `g4tui_ctransformers.native`.
"""

from g4tui.plugin import hookimpl
from g4tui_ctransformers.backend import CtransformersBackend

G4TUI_API = 1


@hookimpl
def g4tui_register_backends() -> list[CtransformersBackend]:
    """Give the one backend of this plugin."""
    return [CtransformersBackend()]
