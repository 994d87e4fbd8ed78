"""The `[backends.openai]` table."""

import msgspec

OPENAI_URL = "https://api.openai.com/v1"

SHOWN_MODELS = (
    "gpt-6-luna",
    "gpt-6-sol",
    "gpt-5.6-luna",
    "gpt-5.4-mini",
    "gpt-4.1-mini",
    "gpt-4o-mini",
)
"""What is listed for OpenAI itself before its own list was seen."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens. `cached`: of prompt tokens that the server had kept."""

    input: float
    output: float
    cached: float | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to give up. Seconds and bytes.

    `first_token_s` runs from the request to the first word, tries and waits included; `idle_s`
    between words (a server's pings do not count); `event_bytes` is the longest single event;
    `body_bytes` the longest answer on the wire; `retry_base_s` the first wait between tries, which
    doubles; `retry_after_s` the longest wait that a server may ask for.
    """

    connect_s: float = 10.0
    first_token_s: float = 300.0
    idle_s: float = 60.0
    total_s: float = 1800.0
    usage_s: float = 2.0
    event_bytes: int = 1 << 20
    body_bytes: int = 64 << 20
    retry_base_s: float = 0.5
    retry_after_s: float = 30.0


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server by a name of your own: `[backends.openai.servers.NAME]`, model `openai@NAME:MODEL`.

    `models`: those to list (else the server is asked). `key_env`: the environment variable with
    its key. `needs_key`: unset means yes for https on another machine. `context` in tokens.
    """

    base_url: str
    models: tuple[str, ...] = ()
    key_env: str = ""
    needs_key: bool | None = None
    context: int | None = None


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[backends.openai]` table: the default server, more servers, prices and limits.

    `prices`: by model name, in place of the built-in table. `find_local`: look for servers on this
    machine's usual ports. `max_retries`: further tries before the first token.
    """

    base_url: str = OPENAI_URL
    models: tuple[str, ...] = ()
    key_env: str = ""
    needs_key: bool | None = None
    context: int | None = None
    prices: dict[str, Price] = {}
    servers: dict[str, Server] = {}
    find_local: bool = True
    max_retries: int = 2
    limits: Limits = Limits()
