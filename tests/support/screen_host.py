"""A bare app around one screen or widget, with the real rooms behind it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from g4tui.tui.bindings import bindings
from g4tui.tui.services import Services

if TYPE_CHECKING:
    from support.rooms import Rooms


def services_of(rooms: "Rooms") -> Services:
    """The rooms as screens get them."""
    return Services(
        rooms.paths,
        rooms.settings,
        rooms.store,
        rooms.plugins,
        rooms.library,
        rooms.runtime,
        rooms.chat,
    )


class ScreenHost(App[None]):
    """Shows one screen, or one widget; keeps what the screen ended with and what was posted."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("anywhere"))

    def __init__(
        self,
        services: Services | None = None,
        screen: Callable[[], Screen[Any]] | None = None,
        widget: Widget | None = None,
    ) -> None:
        super().__init__()
        self.services = services
        self._first = screen
        self._widget = widget
        self.results: list[Any] = []
        self.posted: list[Any] = []

    def compose(self) -> ComposeResult:
        if self._widget is not None:
            yield self._widget

    def on_mount(self) -> None:
        if self._first is not None:
            self.push_screen(self._first(), self.results.append)


def shown(app: App[Any]) -> str:
    """What is on the screen, as text, line by line."""
    lines = app.screen._compositor.render_strips()
    text = "\n".join("".join(segment.text for segment in strip) for strip in lines)
    return text.replace("\N{NO-BREAK SPACE}", " ")


async def settled(pilot: Pilot[Any], text: str) -> None:
    """Wait until `text` is on the screen."""
    from support.rooms import until

    await until(lambda: text in shown(pilot.app))


def told(app: App[Any]) -> str:
    """What the toasts say."""
    return "\n".join(notification.message for notification in app._notifications)
