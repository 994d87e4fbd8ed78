"""The teacher: OpenAI, and every server that speaks its chat.completions API."""

from typing import TYPE_CHECKING

from g4tui.core import Backend
from g4tui.plugin import hookimpl

if TYPE_CHECKING:
    from g4tui_openai.options import Options

G4TUI_API = 1


@hookimpl
def g4tui_register_backends() -> "list[Backend[Options]]":
    """The `openai` backend."""
    from g4tui_openai.backend import OpenAIBackend

    return [OpenAIBackend()]
