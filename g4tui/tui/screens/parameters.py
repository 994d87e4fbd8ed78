"""How one chat is answered: its system prompt and how the model samples."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Label, Static, TextArea

from g4tui.config.params import RULES
from g4tui.core import G4tuiError, ModelInfo, parse_model
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services, SessionOptions, in_thread
from g4tui.tui.widgets.param_fields import LABELS, ParamFields, params_of

if TYPE_CHECKING:
    from g4tui.models import Library


class ParametersScreen(Dialog[SessionOptions]):
    """The options as edited; `None` when they stay as they are. A blank field is the default."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "parameters.tcss",
    ]
    AUTO_FOCUS = "#system"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("parameters"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    title_text = "System prompt and parameters"

    def __init__(self, options: SessionOptions, model: str) -> None:
        self._options = options
        self._model = clean_line(model)
        super().__init__()

    @property
    def _services(self) -> Services | None:
        services: Services | None = getattr(self.app, "services", None)
        return services

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(
            Label("System prompt", classes="label"),
            TextArea(
                clean(self._options.system),
                id="system",
                soft_wrap=True,
                tab_behavior="focus",
                placeholder="None: the model answers in its own manner",
            ),
            ParamFields(self._values(), self._default),
            Static(self._note(None), id="note", markup=False, classes="muted"),
            can_focus=False,
            classes="scroller",
        )

    def _values(self) -> dict[str, object]:
        options = self._options
        return {
            name: options.context if name == "context" else getattr(options.params, name)
            for name in LABELS
        }

    def _default(self, name: str) -> object:
        """What a blank stands for."""
        if self._services is None:
            return None
        chat = self._services.settings.chat
        return chat.context if name == "context" else getattr(chat.params, name)

    def _note(self, limit: int | None) -> str:
        most = f" takes up to {limit} tokens." if limit else ""
        return f"Another context loads the model again.\n{self._model or 'No model chosen'}{most}"

    def on_mount(self) -> None:
        """Say how long the model's context can be."""
        if self._services is not None:
            self._find_limit(self._services)

    @work(exit_on_error=False)
    async def _find_limit(self, services: Services) -> None:
        models = await services.runtime.list_models()
        model = next((m for m in models if clean_line(m.id) == self._model), None)
        if model is None:
            return
        # What is listed is what a model is loaded with; its file says how much it was trained for.
        trained = (
            await in_thread(_trained_context, services.library, model) if model.local else None
        )
        limit = trained or model.context
        self.query_one("#note", Static).update(self._note(limit))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_use()

    def action_use(self) -> None:
        """Take what was entered, if all of it makes sense."""
        options = self._read()
        if options is not None:
            self.dismiss(options if options != self._options else None)

    def action_save_default(self) -> None:
        """Take it, and write it to the settings for chats that are begun from now on."""
        options = self._read()
        if options is not None and self._services is not None:
            self._save(self._services, options)

    @work(exclusive=True, group="save", exit_on_error=False)
    async def _save(self, services: Services, options: SessionOptions) -> None:
        values = {f"chat.params.{name}": getattr(options.params, name) for name in RULES}
        values |= {"chat.context": options.context, "chat.system": options.system or None}
        text = {key: None if value is None else str(value) for key, value in values.items()}
        try:
            elsewhere = await in_thread(save_settings, services, text)
        except G4tuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        if elsewhere:
            keys, file = ", ".join(elsewhere), services.paths.config_file
            self.notify(f"{file} sets {keys}, which goes before.", severity="warning", markup=False)
        self.dismiss(options)

    def _read(self) -> SessionOptions | None:
        """The options as entered; `None` when a field is wrong (and says so)."""
        values = self.query_one(ParamFields).read()
        if values is None:
            return None
        context = values.pop("context")
        sampling = params_of(values)
        kept = self._options.params
        params = msgspec.structs.replace(sampling, stop=kept.stop, extra=kept.extra)
        system = self.query_one("#system", TextArea).text
        # An unchanged text is given back as it was, not as it was shown.
        system = self._options.system if system == clean(self._options.system) else system.strip()
        return SessionOptions(system, params, int(context) if context is not None else None)


def _trained_context(library: "Library", model: ModelInfo) -> int | None:
    try:
        return library.find(parse_model(model.id).model).context
    except G4tuiError:
        return None  # it has no file here
