"""Listing models: quick, offline-safe, honest about what cannot be used."""

import json
from pathlib import Path

import pytest

from g4tui.core import G4tuiError, Host, ModelInfo, parse_model
from g4tui_openai import endpoints, listing
from g4tui_openai.backend import OpenAIBackend
from g4tui_openai.options import Options, Server
from support import fault_server as fs

Listed = dict[str, ModelInfo]


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a fresh machine."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def listed(options: Options, folder: Path, key: str | None = None) -> Listed:
    host = Host(folder, secret=lambda name, origin: key)
    return {info.id: info for info in OpenAIBackend().models(host, options)}


def only(server: Server) -> Options:
    """One named server, and no looking around."""
    return Options(servers={"here": server}, find_local=False)


class ModelServer(fs.FaultServer):
    """Its list of models is made by a handler, too."""

    def __init__(self, handler: fs.Handler) -> None:
        super().__init__(handler)
        self.list_handler = handler

    def _handler_for(self, connection: fs.Connection) -> fs.Handler:
        self.seen.append(connection)
        return self.list_handler


def test_without_a_key_everything_says_what_is_missing(tmp_path: Path) -> None:
    infos = listed(Options(find_local=False), tmp_path)
    assert infos
    for info in infos.values():
        assert not info.ready
        assert not info.local
        assert info.detail == "needs a key"
        assert "g4tui keys set openai" in info.remedy
        assert "OPENAI_API_KEY" in info.remedy
    with pytest.raises(G4tuiError) as caught:
        spec = parse_model(next(iter(infos)))
        OpenAIBackend().open(spec, Options(), Host(tmp_path))
    assert caught.value.info.kind == "auth"
    assert "g4tui keys set openai" in caught.value.info.remedy


def test_a_server_is_asked_and_remembered(tmp_path: Path) -> None:
    """Its list stays when it is gone, and then says that it is not running."""
    with ModelServer(fs.models("qwen2.5:7b", "nomic-embed-text")) as server:
        options = only(Server(server.base_url))
        info = listed(options, tmp_path)["openai@here:qwen2.5:7b"]
        assert (info.ready, info.local, info.title) == (True, True, "qwen2.5:7b")
        assert not any("embed" in name for name in listed(options, tmp_path))
    info = listed(options, tmp_path)["openai@here:qwen2.5:7b"]
    assert (info.ready, info.detail) == (False, "not running")
    assert server.base_url in info.remedy


def test_the_context_is_taken_from_the_list(tmp_path: Path) -> None:
    body = {"data": [{"id": "m", "meta": {"n_ctx": 4096}}, {"id": "n", "max_model_len": "big"}]}
    with ModelServer(fs.response(200, json.dumps(body).encode())) as server:
        options = only(Server(server.base_url))
        infos = listed(options, tmp_path)
        assert infos["openai@here:m"].context == 4096
        assert infos["openai@here:n"].context is None
        spec = parse_model("openai@here:m")
        assert OpenAIBackend().open(spec, options, Host(tmp_path)).context == 4096


BAD_LISTS: dict[str, fs.Handler] = {
    "page": fs.response(200, b"<html>", kind="text/html"),
    "error": fs.refusal(500, "Boom"),
    "other shape": fs.response(200, b'{"data": 7}'),
    "nested": fs.response(200, b"[" * 100_000),
    "not UTF-8": fs.response(200, b'{"data": [{"id": "\xff"}]}'),
    "hangs up": lambda connection: None,
    "reset": fs.reset(),
    "no HTTP": lambda connection: connection.send(b"SSH-2.0-x\r\n\r\n") and None,
    "flood": fs.then(fs.stream(), fs.flood(b"x", 20)),
    "silent": fs.silent(5),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_bad_list_is_no_list(name: str, tmp_path: Path) -> None:
    """The models of the settings are still shown, and nothing waits long or raises."""
    with ModelServer(BAD_LISTS[name]) as server:
        infos = listed(only(Server(server.base_url, models=("mine",))), tmp_path)
        assert [name for name in infos if name.startswith("openai@here")] == ["openai@here:mine"]
        assert not infos["openai@here:mine"].ready


def test_a_slow_server_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last list is shown; what it says in the end is for the next time."""
    monkeypatch.setattr(listing, "WAIT_S", 0.05)
    options = only(Server("", needs_key=False))
    with ModelServer(fs.silent(5)) as server:
        options = only(Server(server.base_url))
        folder = tmp_path / "models.json"
        old = {server.base_url: {"at": 1.0, "models": [{"id": "old"}]}}
        folder.write_text(json.dumps(old))
        assert "openai@here:old" in listed(options, tmp_path)


def test_a_damaged_cache_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_bytes(b'{"http://x": {"at": "\xff')
    with ModelServer(fs.models("fine")) as server:
        assert "openai@here:fine" in listed(only(Server(server.base_url)), tmp_path)


def test_another_machine_is_asked_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its key, once in some hours, and never without one."""
    monkeypatch.setattr(endpoints, "_is_loopback", lambda host: False)
    with ModelServer(fs.models("big")) as server:
        options = only(Server(server.base_url, needs_key=True))
        assert "openai@here:big" not in listed(options, tmp_path)
        assert server.seen == []
        for _ in range(3):
            info = listed(options, tmp_path, key="sk-1234567890")["openai@here:big"]
            assert (info.ready, info.local, info.detail) == (True, False, "price unknown")
        assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer sk-1234567890"]
        assert "sk-1234567890" not in (tmp_path / "models.json").read_text()


def test_a_list_is_not_followed_elsewhere(tmp_path: Path) -> None:
    """The key does not go where a redirect points."""
    with ModelServer(fs.models("stolen")) as thief:
        to = f"Location: http://localhost:{thief.port}/v1/models"
        with ModelServer(fs.response(302, b"", to)) as server:
            infos = listed(only(Server(server.base_url)), tmp_path, key="sk-1234567890")
            assert not any("stolen" in name for name in infos)
        assert thief.seen == []


def test_servers_of_this_machine_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their usual ports, without a key, and only while they run."""
    with ModelServer(fs.models("qwen2.5:7b")) as server:
        monkeypatch.setattr(endpoints, "LOCAL_PORTS", {"ollama": server.port})
        info = listed(Options(), tmp_path, key="sk-1234567890")["openai@ollama:qwen2.5:7b"]
        assert (info.ready, info.local) == (True, True)
        assert "authorization" not in server.seen[0].headers
        configured = Options(servers={"mine": Server(server.base_url)})
        names = listed(configured, tmp_path)
        assert "openai@mine:qwen2.5:7b" in names
        assert not any(name.startswith("openai@ollama") for name in names)
    assert not any(name.startswith("openai@ollama") for name in listed(Options(), tmp_path))


def test_what_is_sent_where_is_said(tmp_path: Path) -> None:
    """Nothing for this machine, host and port for another."""
    servers = {"lan": Server("http://192.168.1.5:8000/v1"), "me": Server("http://localhost:1/v1")}
    options = Options(servers=servers)
    said = {
        name: OpenAIBackend().destination(parse_model(name), options)
        for name in ("openai:gpt-4o-mini", "openai@lan:m", "openai@me:m", "openai@ollama:m")
    }
    assert list(said.values()) == ["api.openai.com", "192.168.1.5:8000", "", ""]
