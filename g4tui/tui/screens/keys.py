"""API keys: entered masked, tested with one press, never shown again."""

import os
from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from g4tui.core import G4tuiError
from g4tui.keys import KeyPlace, KeyRing
from g4tui.sanitize import clean, clean_line
from g4tui.tui import words
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.confirm import ConfirmScreen
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.servers import Server, configured_servers, listed_models
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.line_list import LineList

LABEL_WIDTH, PLACE_WIDTH = 20, 16


class _Line(NamedTuple):
    """A server; `place`: where its key is, empty without one."""

    server: Server
    place: str

    @property
    def key(self) -> str:
        return self.server.label

    @property
    def selectable(self) -> bool:
        return True

    def content(self, width: int) -> Content:
        room = max(8, width - LABEL_WIDTH - PLACE_WIDTH - 2)
        label = Content(clean_line(self.server.label)).truncate(LABEL_WIDTH - 1, ellipsis=True)
        url = Content(clean_line(self.server.base_url)).truncate(room - 1, ellipsis=True)
        return Content.assemble(
            "  ",
            label.pad_right(LABEL_WIDTH - label.cell_length),
            url.pad_right(room - url.cell_length),
            f"✓ {self.place}" if self.place else "– no key",
        )


class KeysScreen(Dialog[None]):
    """One row a server; the field below takes its key."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "keys.tcss"]
    AUTO_FOCUS = "#key"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("keys"),
        Binding("up", "move(-1)", "Server above", show=False, priority=True),
        Binding("down", "move(1)", "Server below", show=False, priority=True),
    ]
    title_text = "API keys"

    @property
    def _services(self) -> Services:
        services: Services | None = getattr(self.app, "services", None)
        assert services is not None, "keys are shown once the services are ready"
        return services

    @property
    def _keys(self) -> KeyRing:
        return KeyRing(self._services.paths)

    @property
    def _rows(self) -> LineList[_Line]:
        return self.query_one("#servers", LineList)

    def body(self) -> Iterable[Widget]:
        yield LineList[_Line](id="servers")
        yield Static("", id="about", classes="muted", markup=False)
        yield Input(
            password=True, placeholder="Paste a key; it stays hidden", id="key", max_length=4096
        )
        yield Static("", id="said", markup=False)

    def on_mount(self) -> None:
        """List the servers."""
        self._rows.can_focus = False
        self._read()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self) -> None:
        kept: list[KeyPlace] = []
        try:
            kept = await in_thread(self._keys.list)
        except G4tuiError as error:
            self._say(str(error), "error")
        servers = configured_servers(self._services.settings)
        known = {server.label for server in servers}
        servers += [
            Server(key.server, key.origin)
            for key in {key.server: key for key in kept}.values()
            if key.server not in known
        ]
        self._rows.show_rows([_Line(server, _place(server, kept)) for server in servers])
        self._about()

    def _about(self) -> None:
        row = self._rows.row
        if row is None:
            return
        lines = [f"A key for {row.server.label} is only ever sent to {_origin(row.server)}."]
        if row.server.insecure:
            lines.append("That address is not encrypted: whoever listens on the way reads the key.")
        elif row.place == "file":
            lines.append(f"It is in {self._services.paths.keys_file}, which only you can read.")
        elif row.place == "keyring":
            lines.append("It is in your system's keyring.")
        elif row.place:
            lines.append(f"It comes from {row.place}, and goes before a kept one.")
        self.query_one("#about", Static).update(clean("\n".join(lines)))
        self.refresh_bindings()

    def _say(self, text: str, style: str = "muted") -> None:
        said = self.query_one("#said", Static)
        said.update(clean(text))
        said.set_classes(style)

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.query_one("#key", Input).value = ""
        self._say("")
        self._about()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key of the environment cannot be removed from here, nor one that is not there."""
        if action != "remove" or not self.is_mounted:
            return True
        row = self._rows.row
        return row is not None and row.place in ("file", "keyring")

    def action_move(self, step: int) -> None:
        """To another server."""
        self._rows.action_move(step)

    @on(LineList.Chosen)
    def _clicked(self) -> None:
        self.query_one("#key", Input).focus()

    @work(exclusive=True, group="key", exit_on_error=False)
    async def action_keep(self) -> None:
        """Keep what was entered for the server at the cursor."""
        row, field = self._rows.row, self.query_one("#key", Input)
        if row is None:
            return
        if not field.value.strip():
            self._say("Paste a key first.", "warning")
            return
        try:
            server = row.server
            place = await in_thread(self._keys.set, server.label, server.origin, field.value)
        except G4tuiError as error:
            self._say(str(error), "error")
            return
        field.value = ""
        where = "your system's keyring" if place == "keyring" else self._services.paths.keys_file
        self._read()
        self._say(f"Kept in {where}. ^t tests it.")

    @work(exclusive=True, group="key", exit_on_error=False)
    async def action_test(self) -> None:
        """Ask the server for its models with the key in the field, or with the one it has."""
        row = self._rows.row
        if row is None:
            return
        typed = self.query_one("#key", Input).value.strip()
        self._say(f"Asking {row.server.label} for its models…")
        try:
            kept = await in_thread(self._kept_key, row.server)
            key = typed or kept
            if not key and row.server.label == "openai":
                self._say("There is no key to test: paste one.", "warning")
                return
            models = await in_thread(listed_models, row.server.base_url, key)
        except G4tuiError as error:
            self._say(self._keys.redacted(str(error)), "error")
            return
        more = " Enter keeps it." if typed else ""
        self._say(f"It works: {words.counted(len(models), 'model')} listed.{more}", "success")

    def _kept_key(self, server: Server) -> str | None:
        variable = os.environ.get(server.key_env, "").strip() if server.key_env else ""
        return variable or self._keys.get(server.label, server.origin)

    @work(exclusive=True, group="key", exit_on_error=False)
    async def action_remove(self) -> None:
        """Forget the key of the server at the cursor, after a question."""
        row = self._rows.row
        if row is None or row.place not in ("file", "keyring"):
            return
        question = ConfirmScreen(
            "Remove key?",
            f"The key for {row.server.label} is forgotten here. The server still accepts it.",
            yes="Remove",
            no="Keep",
        )
        if not await self.app.push_screen_wait(question):
            return
        try:
            await in_thread(self._keys.remove, row.server.label)
        except G4tuiError as error:
            self._say(str(error), "error")
            return
        self._read()
        self._say("Removed.")


def _place(server: Server, kept: Iterable[KeyPlace]) -> str:
    """Where this server's key is: the environment first, as backends look for it."""
    if server.key_env and os.environ.get(server.key_env, "").strip():
        return "environment"
    origin = _origin(server)
    places = [key.place for key in kept if (key.server, key.origin) == (server.label, origin)]
    return "environment" if "environment" in places else next(iter(places), "")


def _origin(server: Server) -> str:
    try:
        return server.origin
    except G4tuiError:  # a wrong address in the settings; keeping a key for it says so
        return server.base_url
