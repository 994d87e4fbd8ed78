"""What Ctrl+P finds: every action, every model that is ready, every theme."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from time import monotonic
from typing import NamedTuple, TypeVar

from textual import on
from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Input

from g4tui.core import G4tuiError, ModelInfo
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import ACTIONS, Action
from g4tui.tui.messages import ModelChosen
from g4tui.tui.services import Services, in_thread
from g4tui.tui.synonyms import ALSO

_SEARCH_LIMIT_S = 2.0
_BY_ANOTHER_WORD = 0.1
# What is done to chats comes first, then what to one message, and to the program last.
_ORDER = {"transcript": 1, "pane": 1, "anywhere": 2}
_GROUPS = {"transcript": "Message: ", "pane": "Answer: "}
Result = TypeVar("Result")


class Palette(CommandPalette):
    """Textual's, but Enter waits for the hits of what was typed: never one of the list before."""

    def __init__(
        self,
        providers: Iterable[type[Provider]] | None = None,
        placeholder: str = "Search for commands…",
    ) -> None:
        super().__init__(providers, placeholder=placeholder, id="--command-palette")

    @on(Input.Submitted)
    async def _searched(self) -> None:
        until = monotonic() + _SEARCH_LIMIT_S
        while self._searching and monotonic() < until:
            await asyncio.sleep(0.01)

    @property
    def _searching(self) -> bool:
        group = self._GATHER_COMMANDS_GROUP
        return any(each.group == group and not each.is_finished for each in self.workers)


class Command(NamedTuple):
    """A line of the palette and what it does. `shown`: listed before anything is typed.

    `also`: what it is found by, too, word by word.
    """

    title: str
    hint: str
    run: Callable[[], Awaitable[None]]
    shown: bool = True
    also: str = ""


class CommandsProvider(Provider):
    """Offers `commands()`, matched as a person types."""

    def commands(self) -> Iterable[Command]:
        """What can be done."""
        raise NotImplementedError

    async def discover(self) -> Hits:
        for command in self.commands():
            if command.shown:
                display = _with_hint(Content(command.title), command.hint)
                yield DiscoveryHit(display, command.run, command.title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        begun = query.strip().lower()
        for command in self.commands():
            score = matcher.match(command.title)
            if score > 0:
                display = _with_hint(matcher.highlight(command.title), command.hint)
                yield Hit(score, display, command.run, command.title)
            elif begun and f" {command.also}".find(f" {begun}") >= 0:
                hint = "   ".join(filter(None, (command.hint, f"({command.also})")))
                display = _with_hint(Content(command.title), hint)
                yield Hit(_BY_ANOTHER_WORD, display, command.run, command.title)


class Commands(CommandsProvider):
    """The palette of the whole program."""

    async def startup(self) -> None:
        """Ask for the models as the palette opens; a slow backend must not hold up the rest."""
        self._models: list[ModelInfo] = []
        self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        services = _services(self.app)
        if services is not None:
            self._models = [m for m in await services.runtime.list_models() if m.ready]

    async def shutdown(self) -> None:
        """The palette closed."""
        self._asking.cancel()

    def commands(self) -> Iterable[Command]:
        for action in sorted(ACTIONS, key=lambda action: _ORDER.get(action.place, 0)):
            if action.palette and self._is_offered(action):
                title = _GROUPS.get(action.place, "") + action.label
                run = partial(self._act, action)
                hint = _hint(self.app, action, self._owner(action))
                yield Command(title, hint, run, also=ALSO.get(action.id, ""))
        for model in self._models:
            title = f"Model: {clean_line(model.title)}"
            run = partial(self._use_model, model.id)
            yield Command(title, clean_line(model.id), run, shown=False)
        yield from _themes(self.app)

    def _owner(self, action: Action) -> DOMNode | None:
        """The widget that binds it, of those on the screen."""
        return next(
            (
                node
                for node in (self.screen, *self.screen.walk_children())
                if any(binding.id == action.id for _, binding in node._bindings)
            ),
            None,
        )

    def _is_offered(self, action: Action) -> bool:
        """Whether it does something on this screen."""
        if action.place == "transcript" and not self._has_messages:
            return False
        place, _, name = action.action.partition("(")[0].rpartition(".")
        if place == "app" and action.place == "anywhere":
            return True
        if place == "screen" and self.screen.check_action(name, ()) is False:
            return False
        if place == "screen" and not action.keys:
            return hasattr(self.screen, f"action_{name}")
        return self._owner(action) is not None

    @property
    def _has_messages(self) -> bool:
        conversation = getattr(self.screen, "conversation", None)
        return conversation is None or conversation.session is not None

    async def _act(self, action: Action) -> None:
        """Run an action where its key would: on the widget that binds it."""
        await self.app.run_action(action.action, self._owner(action) or self.screen)

    async def _use_model(self, model: str) -> None:
        self.screen.post_message(ModelChosen(model))


def _themes(app: App[object]) -> Iterable[Command]:
    for name in sorted(app.available_themes):
        now = "in use" if name == app.theme else ""
        yield Command(f"Theme: {name}", now, partial(use_theme, app, name), shown=False)


async def use_theme(app: App[Result], name: str) -> None:
    """Show it at once, and keep it for the next start."""
    from g4tui.tui.save_settings import save_settings

    app.theme = name
    services = _services(app)
    if services is None:
        return
    try:
        elsewhere = await in_thread(save_settings, services, {"ui.theme": name})
    except G4tuiError as error:
        app.notify(clean(str(error)), severity="warning", markup=False)
        return
    if elsewhere:
        text = f"{services.paths.config_file} sets ui.theme, which goes before at the next start."
        app.notify(text, severity="warning", markup=False)


def _with_hint(title: Content, hint: str) -> Content:
    """One line: the title, and beside it what is only good to know."""
    return Content.assemble(title, "   ", (hint, "$foreground-muted")) if hint else title


def keys_of_action(app: App[Result], name: str, owner: DOMNode | None = None) -> str:
    """The keys of an action as they are mapped now, for people; those that `owner` binds."""
    action = next(action for action in ACTIONS if action.id == name)
    keys = app._keymap.get(action.id, action.keys).split(",")
    if owner is not None and action.id not in app._keymap:
        bound = {key for key, binding in owner._bindings if binding.id == name}
        keys = [key for key in keys if key in bound]
    return " ".join(_display(app, action, key) for key in keys if key)


def _hint(app: App[object], action: Action, owner: DOMNode | None) -> str:
    """The keys of an action, and what more is to say of it."""
    shown = keys_of_action(app, action.id, owner)
    return "   ".join(filter(None, (shown, clean_line(action.detail))))


def _display(app: App[Result], action: Action, key: str) -> str:
    from textual.binding import Binding

    return app.get_key_display(Binding(key.strip(), action.action, action.label))


def _services(app: App[Result]) -> Services | None:
    services: Services | None = getattr(app, "services", None)
    return services
