"""Which models are compared: the teacher, the student, and up to two more."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from g4tui.core import G4tuiError
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.compared import ROLES
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.words import short_model

FEWEST = 2


class _Line(NamedTuple):
    """One side."""

    key: str
    model: str

    @property
    def selectable(self) -> bool:
        return True

    def content(self, width: int) -> Content:
        model = Content(short_model(clean_line(self.model), max(8, width - 12)))
        return Content.assemble("  ", (self.key.ljust(10), "bold"), model)


class SidesScreen(Dialog[list[str]]):
    """The models' ids, the teacher's first; `None` when they stay as they are."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "sides.tcss"]
    AUTO_FOCUS = "LineList"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("sides"))
    title_text = "Models to compare"

    def __init__(self, models: Sequence[str]) -> None:
        self._models = list(models)
        super().__init__()

    @property
    def _services(self) -> Services:
        services: Services | None = getattr(self.app, "services", None)
        assert services is not None, "models are compared once the services are there"
        return services

    @property
    def _rows(self) -> LineList[_Line]:
        return self.query_one(LineList)

    def body(self) -> Iterable[Widget]:
        yield LineList[_Line](id="lines")
        yield Static("Enter chooses another model for a side.", classes="muted", markup=False)

    def on_mount(self) -> None:
        """List them."""
        self._show()

    def _show(self) -> None:
        self._rows.show_rows([_Line(*each) for each in zip(ROLES, self._models, strict=False)])
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """From two to four."""
        if action == "add":
            return len(self._models) < len(ROLES)
        if action == "remove":
            return len(self._models) > FEWEST
        return True

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        self._pick(ROLES.index(event.key))

    @work(exclusive=True, group="pick", exit_on_error=False)
    async def _pick(self, place: int) -> None:
        from g4tui.tui.screens.models import ModelsScreen

        adds = place == len(self._models)
        model = await self.app.push_screen_wait(ModelsScreen("" if adds else self._models[place]))
        if model:
            self._models[place : place + 1] = [model]
            self._show()

    def action_add(self) -> None:
        """One more."""
        self._pick(len(self._models))

    def action_remove(self) -> None:
        """One less."""
        del self._models[self._rows.cursor]
        self._show()

    def action_use(self) -> None:
        """Take them."""
        self.dismiss(self._models)

    @work(exclusive=True, group="save", exit_on_error=False)
    async def action_save_default(self) -> None:
        """Take them, and write teacher and student to the settings."""
        values = {"compare.teacher": self._models[0], "compare.student": self._models[1]}
        try:
            elsewhere = await in_thread(save_settings, self._services, dict(values))
        except G4tuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        if elsewhere:
            keys, file = ", ".join(elsewhere), self._services.paths.config_file
            self.notify(f"{file} sets {keys}, which goes before.", severity="warning", markup=False)
        self.dismiss(self._models)
