"""Sessions in and out: Markdown, HTML, JSON, messages JSONL, and what ChatGPT exports.

What parses and renders is imported when it is used: the plugin itself is quick to load.
"""

from g4tui.plugin import Exporter, Importer, hookimpl
from g4tui_exchange.chatgpt import ChatGptImporter
from g4tui_exchange.markdown import MarkdownExporter
from g4tui_exchange.messages import MessagesExporter, MessagesImporter
from g4tui_exchange.page import HtmlExporter
from g4tui_exchange.sessions_json import JsonExporter, JsonImporter

G4TUI_API = 1


@hookimpl
def g4tui_register_exporters() -> list[Exporter]:
    """Every format that sessions can be written in."""
    return [MarkdownExporter(), HtmlExporter(), JsonExporter(), MessagesExporter()]


@hookimpl
def g4tui_register_importers() -> list[Importer]:
    """Every format that sessions can be read from; the surest first."""
    return [JsonImporter(), ChatGptImporter(), MessagesImporter()]
