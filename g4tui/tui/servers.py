"""Servers that speak OpenAI's API: which are configured, which run here, and what they list.

Only for looking: conversations go through a backend. Standard library, bounded in time and bytes.
"""

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from ipaddress import ip_address
from time import monotonic
from typing import IO, NamedTuple
from urllib.parse import urlsplit

import msgspec

from g4tui.config import Settings
from g4tui.core import G4tuiError
from g4tui.keys import origin_of

OPENAI_URL = "https://api.openai.com/v1"
MOST_BYTES = 4 << 20
LOCAL = {
    "ollama": ("Ollama", 11434),
    "llama-server": ("llama-server", 8080),
    "lm-studio": ("LM Studio", 1234),
    "llama-cpp-server": ("llama_cpp.server", 8000),
}
"""By the server's name in a model's id (`openai@ollama:...`): its title and usual port."""


class Server(NamedTuple):
    """A server that may have a key. `label` is what stands before the colon of its models."""

    label: str
    base_url: str
    key_env: str = ""

    @property
    def insecure(self) -> bool:
        """Whether a key would travel in the clear, over a network."""
        return self.base_url.startswith("http://") and not _is_loopback(self.base_url)

    @property
    def origin(self) -> str:
        """What its key is bound to."""
        return origin_of(self.base_url)


class FoundServer(NamedTuple):
    """A server that answers on this machine. `models` are the ids that it lists."""

    label: str
    title: str
    address: str
    models: tuple[str, ...]


class _Model(msgspec.Struct, frozen=True):
    id: str


class _List(msgspec.Struct, frozen=True):
    data: list[_Model]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key must not follow a redirect."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


def configured_servers(settings: Settings) -> list[Server]:
    """OpenAI, or what stands in its place, then the servers that were given a name."""
    table = settings.backends.get("openai", {})
    found = [_server("openai", {"base_url": OPENAI_URL, **table})]
    named = table.get("servers")
    if isinstance(named, Mapping):
        found += [
            _server(f"openai@{name}", server)
            for name, server in named.items()
            if isinstance(server, Mapping) and "base_url" in server
        ]
    return found


def _server(label: str, table: Mapping[str, object]) -> Server:
    return Server(label, str(table["base_url"]), str(table.get("key_env", "")))


def listed_models(base_url: str, key: str | None = None, seconds: float = 6.0) -> tuple[str, ...]:
    """What a server lists. Blocks. Raises `G4tuiError`: `auth`, `network`, `server`, `protocol`."""
    request = urllib.request.Request(f"{base_url.strip().rstrip('/')}/models")
    request.add_header("Accept", "application/json")
    if key:
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if _is_loopback(base_url):
        handlers.append(urllib.request.ProxyHandler({}))
    host = origin_of(base_url).partition("//")[2]
    try:
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=seconds) as response:
            body = _read(response, monotonic() + seconds)
        return tuple(model.id for model in msgspec.json.decode(body, type=_List).data)
    except urllib.error.HTTPError as error:
        raise _refused(host, error.code) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise G4tuiError("network", f"{host} cannot be reached", f"{reason}.") from None
    except (ValueError, RecursionError):
        detail = "What came back is no list of models."
        raise G4tuiError("protocol", f"{host} does not speak OpenAI's API", detail) from None


def find_local(settings: Settings, seconds: float = 0.7) -> list[FoundServer]:
    """The servers that answer on this machine's usual ports, all asked at once. Blocks.

    None are, where `[backends.openai] find_local` is off.
    """
    if settings.backends.get("openai", {}).get("find_local") is False:
        return []
    found: dict[str, FoundServer] = {}

    def ask(name: str, title: str, port: int) -> None:
        address = f"127.0.0.1:{port}"
        try:
            models = listed_models(f"http://{address}/v1", seconds=seconds)
        except G4tuiError:  # nobody there, or somebody else
            return
        found[name] = FoundServer(f"openai@{name}", title, address, models)

    threads = [
        threading.Thread(target=ask, args=(name, *where), daemon=True)
        for name, where in LOCAL.items()
    ]
    for thread in threads:
        thread.start()
    until = monotonic() + seconds + 0.1
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
    return [found[name] for name in LOCAL if name in found]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, even one that begins with 127.
        return False


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    body = bytearray()
    while part := response.read1(65536):
        body += part
        if len(body) > MOST_BYTES or monotonic() > until:
            raise OSError("the answer is too long or too slow")
    return bytes(body)


def _refused(host: str, status: int) -> G4tuiError:
    if status in (401, 403):
        detail = f"It answered {status}."
        return G4tuiError("auth", f"{host} refuses this key", detail, "Copy the key once more.")
    return G4tuiError("server", f"{host} answered {status}", "That says nothing about the key.")
