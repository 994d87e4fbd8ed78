"""Which server a model's name means: its address, its origin, and what it needs."""

from urllib.parse import urlsplit

import msgspec

from g4tui.core import G4tuiError
from g4tui_openai.options import Options, Server

LOCAL_PORTS = {"ollama": 11434, "llama-server": 8080, "lm-studio": 1234, "llama-cpp-server": 8000}
"""Servers that are found by themselves, by the port that each uses by default."""


class Endpoint(msgspec.Struct, frozen=True):
    """A server, resolved.

    `name` is empty for the default server; `origin` is `scheme://host:port`; `loopback`: on this
    machine; `found`: nobody configured it.
    """

    name: str
    base_url: str
    origin: str
    host: str
    loopback: bool
    models: tuple[str, ...] = ()
    key_env: str = ""
    needs_key: bool = False
    context: int | None = None
    found: bool = False

    @property
    def official(self) -> bool:
        """Whether this is OpenAI itself."""
        return self.origin == "https://api.openai.com:443"

    @property
    def label(self) -> str:
        """What a person types before the colon, and the name that its key is kept under."""
        return f"openai@{self.name}" if self.name else "openai"


def endpoints(options: Options) -> list[Endpoint]:
    """Every configured server, the default one first. Raises `G4tuiError` of kind `config`."""
    default = Server(
        options.base_url, options.models, options.key_env, options.needs_key, options.context
    )
    named = [_endpoint(name, server) for name, server in options.servers.items()]
    return [_endpoint("", default), *named]


def local_endpoints(options: Options) -> list[Endpoint]:
    """Where servers may be found on this machine, without those that are configured."""
    if not options.find_local:
        return []
    known = {endpoint.origin for endpoint in endpoints(options)}
    found = [_local(name) for name in LOCAL_PORTS]
    return [endpoint for endpoint in found if endpoint.origin not in known]


def endpoint_of(server: str, options: Options) -> Endpoint:
    """The server of that name; an unknown one is a `G4tuiError` of kind `config`."""
    for endpoint in endpoints(options):
        if endpoint.name == server:
            return endpoint
    if server in LOCAL_PORTS and options.find_local:
        return _local(server)
    known = sorted({*options.servers, *LOCAL_PORTS})
    raise G4tuiError(
        "config",
        f"There is no server named {server}",
        f"Known servers: {', '.join(known)}.",
        f'Add it to config.toml: [backends.openai.servers.{server}] with base_url = "http://..."',
    )


def _local(name: str) -> Endpoint:
    server = Server(f"http://127.0.0.1:{LOCAL_PORTS[name]}/v1", needs_key=False)
    return msgspec.structs.replace(_endpoint(name, server), found=True)


def _endpoint(name: str, server: Server) -> Endpoint:
    where = f"[backends.openai.servers.{name}]" if name else "[backends.openai]"
    try:
        parts = urlsplit(server.base_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise _config(where, "base_url must be a whole address such as http://127.0.0.1:8080/v1.")
    if parts.username or parts.password:
        raise _config(where, "base_url holds a name or password; keys are kept apart from it.")
    if parts.query or parts.fragment:
        raise _config(where, "base_url must end with its path, without ? or #.")
    default_port = 443 if parts.scheme == "https" else 80
    bracketed = f"[{host}]" if ":" in host else host
    loopback = _is_loopback(host)
    needs_key = server.needs_key
    if needs_key is None:
        needs_key = parts.scheme == "https" and not loopback
    return Endpoint(
        name=name,
        base_url=server.base_url.strip().rstrip("/"),
        origin=f"{parts.scheme}://{bracketed}:{port or default_port}",
        host=bracketed if port in (None, default_port) else f"{bracketed}:{port}",
        loopback=loopback,
        models=server.models,
        key_env=server.key_env,
        needs_key=needs_key,
        context=server.context,
    )


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or (
        host.startswith("127.") and host.replace(".", "").isdigit()
    )


def _config(where: str, what: str) -> G4tuiError:
    return G4tuiError(
        "config",
        f"The address in {where} cannot be used",
        what,
        f"Correct it in config.toml, {where}.",
    )
