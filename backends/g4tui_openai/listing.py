"""The models of every server: configured, remembered, or asked for within half a second."""

import re
import threading
from time import monotonic, time

import msgspec

from g4tui.core import G4tuiError, Host, ModelInfo
from g4tui_openai.cache import ModelLists
from g4tui_openai.endpoints import Endpoint, endpoints, local_endpoints
from g4tui_openai.keys import Key, find_key, key_remedy
from g4tui_openai.options import SHOWN_MODELS, Options
from g4tui_openai.prices import known_context, price_text

WAIT_S = 0.5
_LOCAL_CONTEXT, _REMOTE_CONTEXT = 8192, 131_072
_NO_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|moderation|rerank|transcribe|realtime|image|audio|sora|babbage"
    r"|davinci|gpt-[\w.-]*(?:instruct|codex|deep-research)",
    re.IGNORECASE,
)


def list_models(options: Options, host: Host, *, installed: bool) -> list[ModelInfo]:
    """Every model, ready or not. Never raises for a server; never waits longer than `WAIT_S`."""
    configured = endpoints(options)
    local = local_endpoints(options)
    keys: dict[str, Key | None] = {}
    unusable: dict[str, tuple[str, str]] = {}
    for endpoint in configured:
        try:
            keys[endpoint.label] = find_key(endpoint, host)
        except G4tuiError as error:
            unusable[endpoint.label] = (error.info.title, error.info.remedy)
    lists = ModelLists(host.cache_dir)
    awake = _refresh([*configured, *local], keys, lists)
    infos: list[ModelInfo] = []
    for endpoint in configured:
        missing = unusable.get(endpoint.label) or _missing(
            endpoint, keys[endpoint.label], awake, installed
        )
        infos += _infos(endpoint, lists, options, missing)
    for endpoint in local:
        if endpoint.base_url in awake:
            infos += _infos(endpoint, lists, options, _missing(endpoint, None, awake, installed))
    return infos


class Context(msgspec.Struct, frozen=True):
    """A context in tokens; `known`: somebody said so, it is no guess."""

    tokens: int
    known: bool


def context_of(model: str, endpoint: Endpoint, host: Host) -> Context:
    """As configured, as the server told, as known of OpenAI's models, or a cautious guess."""
    served = ModelLists(host.cache_dir).served(endpoint.base_url)
    told = next((item.context for item in served if item.id == model), None)
    known = endpoint.context or told or known_context(model, endpoint)
    guess = _LOCAL_CONTEXT if endpoint.loopback else _REMOTE_CONTEXT
    return Context(known or guess, known is not None)


def _infos(
    endpoint: Endpoint, lists: ModelLists, options: Options, missing: tuple[str, str] | None
) -> list[ModelInfo]:
    served = {
        item.id: item for item in lists.served(endpoint.base_url) if _chats(item.id, endpoint)
    }
    names = endpoint.models or tuple(served) or (SHOWN_MODELS if endpoint.official else ())
    detail, remedy = missing or ("", "")
    infos = []
    for name in names:
        told = served[name].context if name in served else None
        infos.append(
            ModelInfo(
                id=f"{endpoint.label}:{name}",
                backend="openai",
                title=name.rpartition("/")[2] or name,
                context=endpoint.context or told or known_context(name, endpoint),
                local=endpoint.loopback,
                ready=missing is None,
                detail=detail or price_text(name, endpoint, options.prices),
                remedy=remedy,
            )
        )
    return infos


def _missing(
    endpoint: Endpoint, key: Key | None, awake: set[str], installed: bool
) -> tuple[str, str] | None:
    """Why this server's models cannot be used now, and what mends it."""
    if not installed:
        return "needs the openai package", "pip install 'g4tui[openai]'"
    if key is None and endpoint.needs_key:
        return "needs a key", f"{key_remedy(endpoint)}."
    if endpoint.loopback and endpoint.base_url not in awake:
        return "not running", f"Start the server at {endpoint.base_url}."
    return None


def _chats(model: str, endpoint: Endpoint) -> bool:
    """Whether a listed model is one to talk to, by its name."""
    name = model.lower()
    if _NO_CHAT.search(name):
        return False
    return not endpoint.official or name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4", "ft:"))


def _refresh(asked: list[Endpoint], keys: dict[str, Key | None], lists: ModelLists) -> set[str]:
    """Ask what should be asked, all at once; the addresses of local servers that answered.

    A server on this machine is always asked (it answers or refuses at once); another one only
    when it may be, and its list is old. Who is late is remembered for the next listing.
    """
    from g4tui_openai.ask import ask_models

    awake: set[str] = set()

    def ask(endpoint: Endpoint) -> None:
        served = ask_models(endpoint, keys.get(endpoint.label))
        lists.remember(endpoint.base_url, served)
        if served is not None:
            awake.add(endpoint.base_url)

    threads = []
    for endpoint in asked:
        allowed = bool(keys.get(endpoint.label)) or not endpoint.needs_key
        old = not endpoint.models and lists.is_old(endpoint.base_url, time())
        if endpoint.loopback or (allowed and old):
            threads.append(threading.Thread(target=ask, args=(endpoint,), daemon=True))
    for thread in threads:
        thread.start()
    until = monotonic() + WAIT_S
    for thread in threads:
        thread.join(max(until - monotonic(), 0.0))
    return set(awake)
