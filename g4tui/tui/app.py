"""The application: one chat screen, services that open after the first paint, an orderly end."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.screen import Screen

from g4tui.tui.bindings import bindings
from g4tui.tui.messages import PluginsLoaded, ServicesFailed, ServicesReady
from g4tui.tui.screens.asking import AskingScreen
from g4tui.tui.screens.chat import ChatScreen
from g4tui.tui.services import Services, in_thread
from g4tui.tui.startup import error_of
from g4tui.tui.terminal import Signals
from g4tui.tui.typing_ahead import TypingAhead

if TYPE_CHECKING:
    from g4tui.config.personas import Persona
    from g4tui.tui.screens.compare import CompareScreen

_SAVE_LIMIT_S = 1.5
_CLOSE_LIMIT_S = 2.0


def _commands() -> type[Provider]:
    from g4tui.tui.commands import Commands

    return Commands


class G4tuiApp(TypingAhead):
    """`open_services` is called in a thread after the first paint, and again on a retry.

    `when_loaded` is called there once every plugin is loaded.
    """

    TITLE = "g4tui"
    # Textual loads no style sheet of a default screen: the application brings it
    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = "screens/chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("anywhere"))
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        open_services: Callable[[], Services],
        *,
        model: str = "",
        session: str = "",
        persona: "Persona | None" = None,
        theme: str = "",
        few_colours: bool = False,
        driver_class: type[Driver] | None = None,
        when_loaded: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(theme=theme, few_colours=few_colours, driver_class=driver_class)
        self._open_services = open_services
        self._when_loaded = when_loaded
        self._start = (model, session, persona)
        self._leaving = False
        self.services: Services | None = None
        self.compare: CompareScreen | None = None

    @property
    def copies(self) -> Path:
        """In the library's folder, once that is known."""
        return self.services.paths.data / "copied" if self.services else Path.home()

    @property
    def chat(self) -> ChatScreen | None:
        """The chat screen, once it is there."""
        found = [screen for screen in self.screen_stack if isinstance(screen, ChatScreen)]
        return found[0] if found else None

    def get_default_screen(self) -> Screen[object]:
        """The chat."""
        model, session, persona = self._start
        return ChatScreen(  # type: ignore[return-value]
            start_model=model, start_session=session, start_persona=persona
        )

    def get_system_commands(self, screen: Screen[object]):  # type: ignore[no-untyped-def]
        """None of Textual's own: the palette is made from our table of actions."""
        return ()

    def on_mount(self) -> None:
        """Signals at once; everything else after the first paint."""
        Signals(asyncio.get_running_loop(), self.leave).install()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        if self.chat is not None:
            await self.chat.fill_sidebar()
        await self.let_go(self)
        self._in_background(self._open)

    def _in_background(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True, name="g4tui start").start()

    def _open(self) -> None:
        """In a thread: open the services, then load every plugin."""
        try:
            services = self._open_services()
        except Exception as error:  # noqa: BLE001  (told on the screen)
            self.post_message(ServicesFailed(error_of(error)))
            return
        if self._leaving:
            services.store.close()
            return
        self.services = services
        self.post_message(ServicesReady())
        services.plugins.load_all()
        self._when_loaded()
        self.post_message(PluginsLoaded())

    def on_services_ready(self) -> None:
        """Hand the services to the chat."""
        if self.services is not None and self.chat is not None:
            self.set_keymap(self.services.settings.keys)
            theme = self.services.settings.ui.theme
            if theme in self.available_themes and theme != self.theme:
                self.theme = theme
            self.chat.services_ready(self.services)
            self._tell_of_unknown_names(self.services)

    def _tell_of_unknown_names(self, services: Services) -> None:
        from g4tui.tui.settings_check import unknown_names

        for key, reason in unknown_names(services.settings):
            self.tell(f"{key} has no effect: {reason}", warning=True)

    def on_services_failed(self, event: ServicesFailed) -> None:
        """Say so in the chat."""
        if self.chat is not None:
            self.chat.services_failed(event.error)

    def on_plugins_loaded(self, event: PluginsLoaded) -> None:
        """Screens that list models look again; the first run is helped."""
        for screen in self.screen_stack:
            if screen is not self.chat and screen is not event._sender:
                screen.post_message(PluginsLoaded().set_sender(screen))
        if self.chat is not None:
            self.chat.plugins_loaded()

    # keys

    def action_command_palette(self) -> None:
        """Ours, which waits for what it was asked for."""
        from g4tui.tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.bring(Palette())

    def action_help(self) -> None:
        """All keys."""
        from g4tui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.bring(HelpScreen())

    def action_plugins(self) -> None:
        """What is installed."""
        from g4tui.tui.screens.plugins import PluginsScreen

        if self.services is not None:
            self.bring(PluginsScreen())

    def action_keys(self) -> None:
        """API keys."""
        from g4tui.tui.screens.keys import KeysScreen

        if self.services is not None:
            self.bring(KeysScreen())

    async def action_compare(self) -> None:
        """The chat's session with teacher and student side by side."""
        from g4tui.tui.screens.compare import CompareScreen

        chat = self.chat
        if chat is None or chat.flow is None or self.screen is not chat:
            return
        if self.compare is None:
            self.compare = CompareScreen(chat, chat.flow)
            self.install_screen(self.compare, "compare")  # it lives on while it is not shown
        session = chat.conversation.id
        if (
            session is None
            or self.compare.comparing.is_running(session)
            or chat.flow.is_free(session)
        ):
            await self.push_screen(self.compare)
            self.compare.open()

    def action_ratings(self) -> None:
        """How good models are, by blind votes."""
        from g4tui.tui.screens.ratings import RatingsScreen

        if self.services is not None:
            self.bring(RatingsScreen())

    def back_to_chat(self) -> None:
        """Leave the comparison for its session."""
        self.pop_screen()
        chat = self.chat
        if chat is not None and chat.flow is not None:
            if chat.conversation.id is not None:
                chat.do_latest("session", chat.flow.open, chat.conversation.id)
            else:
                chat.session_changed()

    def action_retry(self) -> None:
        """Try to open the library again; where it is open, ask for a failed answer again."""
        if self.services is None:
            self._in_background(self._open)
        elif isinstance(self.screen, AskingScreen):
            self.screen.retry()

    def action_interrupt(self) -> None:
        """Ctrl+C: copy what is selected, else stop, else clear the prompt, else say how to quit."""
        if self._copied_selection():
            return
        if isinstance(self.screen, AskingScreen):
            self.screen.action_interrupt()
        else:
            self.screen.dismiss()

    def _copied_selection(self) -> bool:
        from textual.widgets import Input, TextArea

        focused = self.focused
        if isinstance(focused, TextArea | Input) and focused.selected_text:
            self.copy_to_clipboard(focused.selected_text)
            return True
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            return True
        return False

    # the end

    async def action_quit(self) -> None:
        """Ctrl+Q."""
        self.leave(0)

    def leave(self, status: int) -> None:
        """Save what streams, close everything, exit with `status`."""
        if not self._leaving:
            self._leaving = True
            self._ending = asyncio.create_task(self._leave(status))

    async def _leave(self, status: int) -> None:
        try:
            if self.chat is not None:
                await self.chat.drafts.save()
                await self.chat.answering.turns.close(_SAVE_LIMIT_S)
            if self.services is not None:
                await asyncio.wait(
                    [asyncio.ensure_future(self.services.runtime.close())], timeout=_CLOSE_LIMIT_S
                )
                await self.services.chat.late.close()
                if self.compare is not None:
                    await self.compare.votes.close()
                await in_thread(self.services.store.close)
        finally:
            self.exit(status, return_code=status)
