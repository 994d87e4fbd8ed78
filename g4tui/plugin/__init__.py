"""Plugins: what one may be, and how they are found and loaded.

A plugin is a module named by an entry point of the group `g4tui`. It states `G4TUI_API = 1` and
marks its functions with `@hookimpl`; `g4tui.plugin.hookspecs` lists the hooks.
"""

from g4tui.plugin import hookspecs
from g4tui.plugin.exchange import (
    Exporter,
    Importer,
    LeftOut,
    Transcript,
    TranscriptMessage,
    TranscriptTurn,
    TranscriptVote,
)
from g4tui.plugin.hookspecs import API_VERSION, PROJECT, hookimpl
from g4tui.plugin.manager import Plugins, load_plugins
from g4tui.plugin.report import PluginReport
from g4tui.plugin.turns import FinishedTurn

__all__ = [
    "API_VERSION",
    "PROJECT",
    "Exporter",
    "FinishedTurn",
    "Importer",
    "LeftOut",
    "PluginReport",
    "Plugins",
    "Transcript",
    "TranscriptMessage",
    "TranscriptTurn",
    "TranscriptVote",
    "hookimpl",
    "hookspecs",
    "load_plugins",
]
