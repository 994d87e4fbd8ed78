"""The `openai` backend: which models there are, and opening one."""

from importlib.util import find_spec
from typing import ClassVar, Literal

from g4tui.core import AsyncEngine, Backend, G4tuiError, Host, ModelInfo, ModelSpec, Price
from g4tui_openai.endpoints import endpoint_of
from g4tui_openai.options import Options
from g4tui_openai.payload import Quirks
from g4tui_openai.prices import price_of

INSTALL = "pip install 'g4tui[openai]'"


class OpenAIBackend(Backend[Options]):
    """OpenAI and every server that speaks its API, by name."""

    name: ClassVar[str] = "openai"
    runs: ClassVar[Literal["worker", "loop"]] = "loop"
    options = Options

    def __init__(self) -> None:
        self._quirks: dict[tuple[str, str], Quirks] = {}

    def models(self, host: Host, options: Options) -> list[ModelInfo]:
        """Configured, cached and found models; asks servers for half a second at the most."""
        from g4tui_openai.listing import list_models

        return list_models(options, host, installed=_installed())

    def open(self, spec: ModelSpec, options: Options, host: Host) -> AsyncEngine:
        """Checks the server's name and its key; connects at the first request."""
        from g4tui_openai.engine import OpenAIEngine
        from g4tui_openai.keys import find_key, key_remedy
        from g4tui_openai.listing import Context, context_of

        if not _installed():
            raise G4tuiError(
                "missing", "The openai package is not installed", "It talks to servers.", INSTALL
            )
        endpoint = endpoint_of(spec.server, options)
        key = find_key(endpoint, host)
        if key is None and endpoint.needs_key:
            raise G4tuiError(
                "auth",
                f"{endpoint.host} needs a key",
                "None was found for this address.",
                f"{key_remedy(endpoint)}.",
            )
        quirks = self._quirks.setdefault((endpoint.base_url, spec.model), Quirks())
        context = context_of(spec.model, endpoint, host)
        if spec.context:
            context = Context(spec.context, known=True)
        return OpenAIEngine(endpoint, spec.model, key, options, quirks, context, host)

    def destination(self, spec: ModelSpec, options: Options) -> str:
        """The server's host, with its port where that is not the usual one."""
        endpoint = endpoint_of(spec.server, options)
        return "" if endpoint.loopback else endpoint.host

    def price(self, spec: ModelSpec, options: Options) -> Price | None:
        """As the person set it, or as the table of OpenAI's own models has it."""
        found = price_of(spec.model, endpoint_of(spec.server, options), options.prices)
        return Price(found.input, found.output) if found else None


def _installed() -> bool:
    return find_spec("openai") is not None
