"""How one chat is answered: its system prompt and how the model samples."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Label, Static, TextArea

from g4tui.config.params import CONTEXT, RULES, Rule, parse_param
from g4tui.core import G4tuiError, ModelInfo, Params, parse_model
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services, SessionOptions, in_thread

if TYPE_CHECKING:
    from g4tui.models import Library

LABELS = {
    "temperature": "Temperature",
    "max_tokens": "Longest answer",
    "top_p": "Top p",
    "top_k": "Top k",
    "min_p": "Min p",
    "repeat_penalty": "Repeat penalty",
    "seed": "Seed",
    "context": "Context",
}
WIDEST_RANGE = 1_000_000
"""Upper limits from here on are there for the machine, and say nothing to a person."""


class Entered(NamedTuple):
    """What the fields hold: values, and for each wrong one the reason."""

    values: dict[str, float | None]
    wrong: dict[str, str]


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
        self._complained: dict[str, str] = {}
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
            Grid(*(self._field(name) for name in LABELS), id="fields"),
            Static(self._note(None), id="note", markup=False, classes="muted"),
            can_focus=False,
            classes="scroller",
        )

    def _field(self, name: str) -> Widget:
        box = Input(_written(self._value(name)), placeholder=self._hint(name), id=name)
        box.tooltip = _rule(name).description
        complaint = Static("", classes="complaint", id=f"{name}-wrong", markup=False)
        return Vertical(Horizontal(Label(LABELS[name]), box), complaint, classes="field")

    def _value(self, name: str) -> object:
        return self._options.context if name == "context" else getattr(self._options.params, name)

    def _hint(self, name: str) -> str:
        """What a blank stands for, and what may be written."""
        default = None
        if self._services is not None:
            chat = self._services.settings.chat
            default = chat.context if name == "context" else getattr(chat.params, name)
        return f"{_written(default) or 'default'} ({_range(_rule(name))})"

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

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        # A change may be told late: a complaint about this very text stays.
        name = event.input.id
        if name is not None and self._complained.get(name) != event.input.value:
            self._complain(name, "")

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
        entered = self._entered()
        for name, reason in entered.wrong.items():
            self._complain(name, reason)
        if entered.wrong:
            self.query_one(f"#{next(iter(entered.wrong))}", Input).focus()
            return None
        context = entered.values.pop("context")
        sampling = msgspec.convert(
            {name: value for name, value in entered.values.items() if value is not None}, Params
        )
        kept = self._options.params
        params = msgspec.structs.replace(sampling, stop=kept.stop, extra=kept.extra)
        system = self.query_one("#system", TextArea).text
        # An unchanged text is given back as it was, not as it was shown.
        system = self._options.system if system == clean(self._options.system) else system.strip()
        return SessionOptions(system, params, int(context) if context is not None else None)

    def _entered(self) -> Entered:
        entered = Entered({}, {})
        for name in LABELS:
            text = self.query_one(f"#{name}", Input).value.strip()
            try:
                value = parse_param(name, text.replace(",", "."), _rule(name)) if text else None
            except G4tuiError:
                kind = "a whole number" if _rule(name).kind is int else "a number"
                entered.wrong[name] = f"Must be {kind}, {_range(_rule(name))}"
            else:
                entered.values[name] = value
        return entered

    def _complain(self, name: str, reason: str) -> None:
        complaint = self.query_one(f"#{name}-wrong", Static)
        complaint.update(reason)
        complaint.display = bool(reason)
        box = self.query_one(f"#{name}", Input)
        box.set_class(bool(reason), "-wrong")
        self._complained[name] = box.value


def _trained_context(library: "Library", model: ModelInfo) -> int | None:
    try:
        return library.find(parse_model(model.id).model).context
    except G4tuiError:
        return None  # it has no file here


def _rule(name: str) -> Rule:
    return CONTEXT if name == "context" else RULES[name]


def _range(rule: Rule) -> str:
    return f"from {rule.low:g}" if rule.high >= WIDEST_RANGE else rule.range


def _written(value: object) -> str:
    """A number as a person types it; nothing for no value."""
    return "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
