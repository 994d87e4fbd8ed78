"""The model picker: what is here, what a server offers, what can be pulled."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from g4tui.core import ErrorInfo, G4tuiError, ModelInfo, parse_model
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.messages import PluginsLoaded
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.screens.model_rows import ModelRow, header, model_rows
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.widgets.pull_bar import PullBar

if TYPE_CHECKING:
    from g4tui.models import CatalogueEntry


class ModelsScreen(Dialog[str]):
    """The id of the chosen model; `None` when it stays as it is."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "models.tcss",
    ]
    AUTO_FOCUS = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Escape has two meanings here; a class that names a key again hides its base's meaning.
        *bindings("dialog"),
        *bindings("models"),
        Binding("up", "move(-1)", "Model above", show=False, priority=True),
        Binding("down", "move(1)", "Model below", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
    ]
    title_text = "Choose a model"

    def __init__(self, current: str) -> None:
        self._current = current
        self._models: Sequence[ModelInfo] = ()
        self._catalogue: Sequence[CatalogueEntry] = ()
        self._hosts: dict[str, str] = {}
        self._query = ""
        self._looking = True
        self._entered: str | None = None  # where the cursor was when Enter came too early
        super().__init__()

    @property
    def _services(self) -> Services:
        services: Services | None = getattr(self.app, "services", None)
        assert services is not None, "the picker opens once the services are ready"
        return services

    @property
    def _rows(self) -> LineList[ModelRow]:
        return self.query_one("#models", LineList)

    def body(self) -> Iterable[Widget]:
        yield Input(placeholder="Type to filter", id="filter", select_on_focus=False)
        yield Static("", id="columns")
        yield LineList[ModelRow](id="models")
        yield Static("Looking for models…", id="details", markup=False)
        yield PullBar()

    def on_mount(self) -> None:
        """List what there is."""
        self._rows.can_focus = False
        self._read()

    def on_plugins_loaded(self, _: PluginsLoaded) -> None:
        """A backend that loads late has models too."""
        self._read(self._rows.row.key if self._rows.row else None)

    def on_resize(self) -> None:
        """The columns' names follow the list's width."""
        self.call_after_refresh(self._show_header)

    def _show_header(self) -> None:
        width = self._rows.scrollable_content_region.width
        self.query_one("#columns", Static).update(header(width) if width else "")

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self, key: str | None = None) -> None:
        from g4tui.models import catalogue

        services = self._services
        self._catalogue = await in_thread(catalogue)
        self._show(key or self._current)
        backends = services.plugins.backends()
        await self._list(key)
        await in_thread(services.plugins.load_all)  # they may still be on their way in
        if services.plugins.backends() != backends:
            await self._list(key)
        self._looking = False
        self._detail()
        if self._entered is not None:
            row, entered = self._rows.row, self._entered
            self._entered = None
            if row is not None and (row.ready or row.key == entered):
                await self.action_enter()

    async def _list(self, key: str | None) -> None:
        self._models = await self._services.runtime.list_models()
        self._hosts = {model.id: self._host(model) for model in self._models if not model.local}
        self._show(key or self._current)
        self._show_header()

    def _host(self, model: ModelInfo) -> str:
        try:
            return self._services.runtime.destination(parse_model(model.id))
        except G4tuiError:  # a line that only says what is missing names no model
            return ""

    def _show(self, key: str | None = None) -> None:
        self._query = self.query_one("#filter", Input).value
        held = set(self._services.runtime.quarantine.held())
        rows = model_rows(
            self._models,
            self._catalogue,
            current=self._current,
            default=self._services.settings.chat.model,
            held=held.__contains__,
            destination=lambda model: self._hosts.get(model.id, ""),
            query=self._query,
        )
        keys = [row.key for row in rows if row.key]
        wanted = key or (self._rows.row.key if self._rows.row else None)
        self._rows.show_rows(rows, wanted if wanted in keys else next(iter(keys), None))
        self._detail()

    def _detail(self) -> None:
        row = self._rows.row
        nothing = "No model matches." if self._rows.rows or self._models else "No models yet."
        lines = row.details if row is not None else (nothing,)
        if self._looking and (row is None or not row.ready):
            waits = self._entered is not None
            lines = ("Looking for models… Enter waits." if waits else "Looking for models…",)
        self._say("\n".join(lines))
        self.refresh_bindings()

    def _say(self, text: str) -> None:
        self.query_one("#details", Static).update(text)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._entered = None
        self._show()

    @on(LineList.Moved)
    def _moved(self) -> None:
        self._detail()

    @on(LineList.Chosen)
    async def _clicked(self) -> None:
        await self.action_enter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the keys that do something now are shown and act."""
        if not self.is_mounted:
            return True
        if self.query_one("#filter", Input).value != self._query:
            self._show()  # a key that came with the last letter must not act on the old list
        row, pulling = self._rows.row, self.query_one(PullBar).pulling
        if action == "stop_pull":
            return pulling
        if action == "close":
            return not pulling
        may_change = self._looking and not (row is not None and row.ready)
        wanted = {
            "choose": may_change or (row is not None and row.ready),
            "pull": row is not None and bool(row.pull) and not pulling and not may_change,
            "enter_key": row is not None and row.needs_key and not may_change,
            "release": row is not None and row.held,
            "make_default": row is not None and row.ready,
        }
        return wanted.get(action, True)

    def action_move(self, step: int) -> None:
        """The cursor, while the filter has the keyboard."""
        self._entered = None
        self._rows.action_move(step)

    def action_page(self, step: int) -> None:
        """A page of models."""
        self._rows.action_move_page(step)

    async def action_enter(self) -> None:
        """What Enter does: the one of its meanings that fits the row."""
        for action in ("choose", "pull", "enter_key"):
            if self.check_action(action, ()):
                await self.run_action(action)

    def action_choose(self) -> None:
        """Use the model at the cursor, or once it is known which that is."""
        row = self._rows.row
        if row is not None and row.ready:
            self.dismiss(row.key)
        elif self._looking:
            self._entered = row.key if row is not None else ""
            self._detail()

    def action_pull(self) -> None:
        """Get the model at the cursor."""
        row = self._rows.row
        entry = next((e for e in self._catalogue if row and e.name == row.pull), None)
        if entry is not None:
            bar = self.query_one(PullBar)
            bar.pull(self._services.library, entry.name, entry.size_bytes)
            self.refresh_bindings()

    @work(exclusive=True, group="key", exit_on_error=False)
    async def action_enter_key(self) -> None:
        """Open the screen of keys, and list again what is ready then."""
        from g4tui.tui.screens.keys import KeysScreen

        await self.app.push_screen_wait(KeysScreen())
        self._read(self._rows.row.key if self._rows.row else None)

    def action_stop_pull(self) -> None:
        """End the pull; what came so far is kept."""
        self.query_one(PullBar).stop()

    @on(PullBar.Pulled)
    def _pulled(self, event: PullBar.Pulled) -> None:
        self.notify(f"{clean_line(event.name)} is here.", markup=False)
        self._read(f"llama-cpp:{event.name}")
        self.refresh_bindings()

    @on(PullBar.Stopped)
    def _pull_stopped(self, event: PullBar.Stopped) -> None:
        kept = ErrorInfo("usage", "Stopped", "What came so far is kept: Enter goes on from there.")
        self._say(clean(str(event.error or kept)))
        self.refresh_bindings()

    def action_release(self) -> None:
        """Let a model that crashed twice be tried once more."""
        row = self._rows.row
        if row is not None and row.held:
            self._services.runtime.quarantine.clear(row.key)
            self._read(row.key)

    @work(exclusive=True, group="default", exit_on_error=False)
    async def action_make_default(self) -> None:
        """New chats begin with this model."""
        row = self._rows.row
        if row is None or not row.ready:
            return
        services = self._services
        try:
            elsewhere = await in_thread(save_settings, services, {"chat.model": row.key})
        except G4tuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        self._show(row.key)
        if elsewhere:
            text = f"{services.paths.config_file} sets chat.model, which goes before."
            self.notify(text, severity="warning", markup=False)
