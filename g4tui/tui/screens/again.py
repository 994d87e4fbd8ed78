"""Another answer to a question, by another model or with other parameters."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Label, Select

from g4tui.core import Params
from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services
from g4tui.tui.widgets.param_fields import ParamFields, params_of

FIELDS = ("temperature", "seed", "max_tokens", "top_p")


class Again(NamedTuple):
    """Who answers, and what of its parameters differs from the chat's."""

    model: str
    params: Params


class AgainScreen(Dialog[Again]):
    """`model` answered before; `params` are the chat's, which a blank field leaves as they are."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "again.tcss"]
    AUTO_FOCUS = "#model"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("again"))
    title_text = "Regenerate with"

    def __init__(self, services: Services, model: str, params: Params) -> None:
        self._services = services
        self._model = model
        self._params = params
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield Label("Model", classes="label")
        yield Select[str](
            [(clean_line(self._model), self._model)],
            value=self._model,
            allow_blank=False,
            id="model",
            compact=True,
        )
        yield Label("Only for this answer", classes="label")
        yield ParamFields(dict.fromkeys(FIELDS), lambda name: getattr(self._params, name))

    def on_mount(self) -> None:
        """Ask what else there is."""
        self._list()

    @work(exit_on_error=False)
    async def _list(self) -> None:
        ready = [model.id for model in await self._services.runtime.list_models() if model.ready]
        names = list(dict.fromkeys([self._model, *ready]))
        box: Select[str] = self.query_one("#model", Select)
        chosen = box.value
        box.set_options([(clean_line(name), name) for name in names])
        box.value = chosen

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_use()

    def action_use(self) -> None:
        """Ask again, if all that was entered makes sense."""
        values = self.query_one(ParamFields).read()
        model = self.query_one("#model", Select).value
        if values is not None and isinstance(model, str):
            self.dismiss(Again(model, params_of(values)))
