"""Nothing to talk to yet: what is missing, and the one key that gets a working model."""

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from g4tui.core import ErrorInfo, G4tuiError, ModelInfo
from g4tui.sanitize import clean, clean_line
from g4tui.tui import words
from g4tui.tui.bindings import bindings
from g4tui.tui.messages import PluginsLoaded
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.servers import FoundServer, find_local
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.widgets.pull_bar import PullBar

if TYPE_CHECKING:
    from g4tui.models import CatalogueEntry

LLAMA_CPP = "llama-cpp"
PIP_LINE = 'pip install "g4tui[llama-cpp]"'
SERVER_PIP_LINE = 'pip install "g4tui[openai]"'
MODELS_A_SERVER = 4
"""More models of one server are in the picker."""
PULL, STUCK, PLUGINS, KEYS, MORE = "pull", "stuck", "plugins", "keys", "more"


class Offer(NamedTuple):
    """One way to get going; a heading has no key. `use`: the id of a model that is ready."""

    key: str
    title: str
    fact: str = ""
    use: str = ""

    @property
    def selectable(self) -> bool:
        return bool(self.key)

    def content(self, width: int) -> Content:
        if not self.key:
            return Content.styled(self.title, "$foreground-muted bold")
        fact = Content(self.fact).truncate(max(0, width - 30), ellipsis=True)
        room = max(8, width - 4 - fact.cell_length)
        title = Content(self.title).truncate(room, ellipsis=True)
        gap = " " * (room - title.cell_length + 2)
        return Content.assemble("  ", title, gap, fact)


class FirstRunScreen(Dialog[str]):
    """The id of a model that is usable now; `None` when the person wants none of it yet.

    It comes by itself, perhaps while somebody types: no letter means anything here.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "first_run.tcss",
    ]
    AUTO_FOCUS = "#offers"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog"), *bindings("first_run")]
    title_text = "Welcome to g4tui"

    def __init__(self) -> None:
        self._models: Sequence[ModelInfo] = ()
        self._found: Sequence[FoundServer] | None = None
        self._entry: CatalogueEntry | None = None
        super().__init__()

    @property
    def _services(self) -> Services:
        services: Services | None = getattr(self.app, "services", None)
        assert services is not None, "shown once the services are ready"
        return services

    @property
    def _rows(self) -> LineList[Offer]:
        return self.query_one("#offers", LineList)

    def body(self) -> Iterable[Widget]:
        yield Static("Looking for a model to talk to…", id="missing", markup=False)
        yield LineList[Offer](id="offers")
        yield PullBar()
        yield VerticalScroll(Static("", id="said", markup=False), id="saying", can_focus=False)

    def on_mount(self) -> None:
        """Look at once; servers that answer late are added to the list."""
        self._look()

    def on_plugins_loaded(self, _: PluginsLoaded) -> None:
        """A backend that loads late may have a model."""
        self._look()

    @work(exclusive=True, group="look", exit_on_error=False)
    async def _look(self) -> None:
        from g4tui.models import DEFAULT, catalogue

        services = self._services
        entries = await in_thread(catalogue)
        self._entry = next(entry for entry in entries if entry.name == DEFAULT)
        self._models = await services.runtime.list_models()
        self._show()
        self._found = await in_thread(find_local, services.settings)
        self._models = await services.runtime.list_models()
        self._show()

    def _show(self) -> None:
        self.query_one("#missing", Static).update(clean(self._missing()))
        offers = list(self._offers())
        self._rows.show_rows(offers)
        self.refresh_bindings()

    @property
    def _plugin_fault(self) -> ErrorInfo | None:
        """Why the plugin that runs models here does not: switched off, or failed."""
        plugins = self._services.plugins
        if LLAMA_CPP not in plugins.backend_names():
            try:
                plugins.backend(LLAMA_CPP)
            except G4tuiError as error:
                return error.info
        reports = (report for report in plugins.reports() if report.name == LLAMA_CPP)
        return next((report.error for report in reports if report.status == "failed"), None)

    @property
    def _is_installed(self) -> bool:
        return find_spec("llama_cpp") is not None  # without a model file its backend lists nothing

    @property
    def _pulled_model(self) -> ModelInfo | None:
        """The default model, where its file is here."""
        name = f"{LLAMA_CPP}:{self._entry.name}" if self._entry is not None else ""
        return next((model for model in self._models if model.id == name), None)

    def _missing(self) -> str:
        if any(model.ready for model in self._models):
            return "Choose what to talk to."
        fault = self._plugin_fault
        if fault is not None:
            return (
                "There is no model to talk to yet, and what runs models on this machine does not "
                f"work now.\n\n    {fault.title}\n    {fault.remedy}\n\n"
                "Then start g4tui again."
            )
        if not self._is_installed:
            return (
                "There is no model to talk to yet, and llama.cpp, which runs models on this "
                f"machine, is not installed. In a terminal:\n\n    {PIP_LINE}\n\n"
                "Then start g4tui again."
            )
        return "There is no model to talk to yet. One that runs on this machine is one key away."

    def _offers(self) -> Iterable[Offer]:
        ready = [model for model in self._models if model.ready]
        here = [model for model in ready if model.local and "@" not in model.id.partition(":")[0]]
        entry = self._entry
        yield Offer("", "On this machine")
        for model in here[:MODELS_A_SERVER]:
            yield Offer(model.id, f"Use {clean_line(model.title)}", "ready", model.id)
        pulled = self._pulled_model
        fault = self._plugin_fault
        if fault is not None:
            yield Offer(PLUGINS, "Plugins", clean_line(fault.title))
        elif pulled is not None and "pip install" in pulled.remedy:
            yield Offer(STUCK, clean_line(pulled.title), clean_line(pulled.detail))
        elif entry is not None and self._is_installed and (pulled is None or not pulled.ready):
            fact = f"{words.size(entry.size_bytes)}, {clean_line(entry.licence)}"
            yield Offer(PULL, f"Pull {clean_line(entry.title)}", fact)
        yield from self._server_offers(ready)
        yield Offer("", "Elsewhere")
        yield Offer(KEYS, "Enter a key for OpenAI or another server", "leaves this machine")
        yield Offer(MORE, "All models", "")

    def _server_offers(self, ready: Sequence[ModelInfo]) -> Iterable[Offer]:
        if self._found is None:
            yield Offer("", "Servers on this machine: looking…")
            return
        if not self._found:
            yield Offer("", "Servers on this machine: none is running")
            return
        usable = {model.id for model in ready}
        for server in self._found:
            yield Offer("", f"{server.title} at {server.address}")
            if not server.models:
                yield Offer(f"none {server.label}", "It runs, but lists no model", "")
            for name in server.models[:MODELS_A_SERVER]:
                model = f"{server.label}:{name}"
                fact = "ready" if model in usable else "needs the openai extra"
                use = model if model in usable else ""
                yield Offer(model, f"Use {clean_line(name)}", fact, use)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a file is on its way Esc stops that and nothing else."""
        if not self.is_mounted or action not in ("stop_pull", "close", "look_again", "choose"):
            return True
        pulling = self.query_one(PullBar).pulling
        return pulling if action == "stop_pull" else not pulling

    @on(LineList.Chosen)
    def action_choose(self) -> None:
        """Take the offer at the cursor."""
        offer = self._rows.row
        if offer is None or self.query_one(PullBar).pulling:
            return
        if offer.use:
            self._take(offer.use)
        elif offer.key == PULL and self._entry is not None:
            self._say("")
            entry = self._entry
            bar = self.query_one(PullBar)
            bar.pull(self._services.library, entry.name, entry.size_bytes)
            self.refresh_bindings()
        elif offer.key == STUCK and self._pulled_model is not None:
            self._say(f"{self._pulled_model.detail}\n{self._pulled_model.remedy}", wrong=True)
        elif offer.key == KEYS:
            self._enter_key()
        elif offer.key == PLUGINS:
            self._see_plugins()
        elif offer.key == MORE:
            self._choose_from_all()
        elif offer.key.startswith("none "):
            self._say("Load or pull a model in that server, then press F5 to look again.")
        else:
            self._say(f"To talk to servers, in a terminal:\n    {SERVER_PIP_LINE}")

    @work(exclusive=True, group="take", exit_on_error=False)
    async def _take(self, model: str) -> None:
        """The first model is the default too: else this screen would come at every start."""
        services = self._services
        if model != services.settings.chat.model:
            try:
                await in_thread(save_settings, services, {"chat.model": model})
            except G4tuiError as error:
                self.notify(clean(str(error)), severity="warning", markup=False)
        self.dismiss(model)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.update(clean(text))
        said.set_class(wrong, "error")
        self.query_one("#saying").display = bool(text)

    @work(exit_on_error=False)
    async def _enter_key(self) -> None:
        from g4tui.tui.screens.keys import KeysScreen

        await self.app.push_screen_wait(KeysScreen())
        if find_spec("openai") is None:  # a key alone is of no use
            self._say(f"To talk to servers, in a terminal:\n    {SERVER_PIP_LINE}")
        self._look()

    @work(exit_on_error=False)
    async def _see_plugins(self) -> None:
        from g4tui.tui.screens.plugins import PluginsScreen

        await self.app.push_screen_wait(PluginsScreen())
        self._look()

    @work(exit_on_error=False)
    async def _choose_from_all(self) -> None:
        from g4tui.tui.screens.models import ModelsScreen

        model = await self.app.push_screen_wait(ModelsScreen(self._services.settings.chat.model))
        if model is not None:
            self._take(model)
            return
        self._look()

    def make_way(self) -> None:
        """Text is typed, which is for the prompt; a file that is on its way still comes."""
        if not any(bar.pulling for bar in self.query(PullBar)):
            self.dismiss(None)

    def action_look_again(self) -> None:
        """Servers may have been started, packages installed."""
        self._say("")
        self._found = None
        self._look()

    def action_stop_pull(self) -> None:
        """End the pull; what came so far is kept."""
        self.query_one(PullBar).stop()

    @on(PullBar.Stopped)
    def _pull_stopped(self, event: PullBar.Stopped) -> None:
        kept = ErrorInfo("usage", "Stopped", "What came so far is kept: Enter goes on from there.")
        self._say(str(event.error or kept), wrong=event.error is not None)
        self.refresh_bindings()

    @on(PullBar.Pulled)
    @work(exit_on_error=False)
    async def _pulled(self, event: PullBar.Pulled) -> None:
        wanted = f"{LLAMA_CPP}:{event.name}"
        self._models = await self._services.runtime.list_models()
        pulled = next((model for model in self._models if model.id == wanted), None)
        if pulled is not None and pulled.ready:
            self._take(wanted)
            return
        self._show()
        what = f"{pulled.detail}\n{pulled.remedy}" if pulled else f"In a terminal:\n    {PIP_LINE}"
        self._say(f"The model is here, but cannot run yet.\n{what}", wrong=True)
