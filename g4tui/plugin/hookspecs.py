"""Every hook that a plugin may implement. Few hooks, rich objects.

A plugin implements those it wants, each with `@hookimpl`, and may leave out arguments that it does
not need. Implementations are called one by one, each guarded: one that raises or hangs is reported
by `g4tui plugins` and changes nothing for the others. Wrappers are refused for that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from g4tui.core import Backend, Request
    from g4tui.plugin.exchange import Exporter, Importer
    from g4tui.plugin.turns import FinishedTurn

PROJECT = "g4tui"
API_VERSION = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def g4tui_register_backends() -> Sequence[Backend[Any]]:  # type: ignore[empty-body]
    """Give the backend of this plugin: a way to run models.

    Its `name` must be the entry point's name, since that is how `backend:model` finds it without
    loading any other plugin. Called once, in a thread, within the time of loading.

    .. versionadded:: 0.1.0
    """


@hookspec
def g4tui_register_exporters() -> Sequence[Exporter]:  # type: ignore[empty-body]
    """Give formats that sessions can be written to. Called once, as the backends' hook is.

    .. versionadded:: 0.1.0
    """


@hookspec
def g4tui_register_importers() -> Sequence[Importer]:  # type: ignore[empty-body]
    """Give formats that sessions can be read from. Called once, as the backends' hook is.

    .. versionadded:: 0.1.0
    """


@hookspec
def g4tui_register_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Give commands that appear as `g4tui NAME`. Called once, as the backends' hook is.

    A command of g4tui's own goes before one of the same name.

    .. versionadded:: 0.1.0
    """


@hookspec
def g4tui_prepare_turn(request: Request) -> Request | None:
    """Change what is about to be sent to a model, or return `None` to leave it as it is.

    Called in a thread before the request is fitted to the model's context; the result of one
    plugin is what the next one gets. All implementations together have 2 seconds; what is late or
    not a `Request` is left out. What is shown and saved stays what the person typed.

    .. versionadded:: 0.1.0
    """


@hookspec
def g4tui_turn_finished(turn: FinishedTurn) -> None:
    """Learn of an answer that ended, was stopped, or failed; it is saved by then.

    Called in a thread; all implementations together are waited for at most 2 seconds.

    .. versionadded:: 0.1.0
    """
