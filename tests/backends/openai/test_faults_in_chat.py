"""Every fault through the whole engine: a real store, real settings, a real file of keys."""

import asyncio
import logging
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from g4tui.config import load_settings
from g4tui.core import ModelSpec
from g4tui.engine import Chat, Runtime
from g4tui.keys import KeyRing
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui.store import MessageRow, Store
from g4tui.testing.conformance import check_error
from support import fault_server as fs
from support.faults import FAULTS, streamed
from support.rooms import collect
from support.teacher import SECRET

PARROT = ModelSpec("openai", "parrot", "here")
QUICK = {"connect_s": 2.0, "first_token_s": 5.0, "idle_s": 5.0, "retry_base_s": 0.01}


@dataclass
class Room:
    """A chat with one server that has a key; `said` is what was logged and shown."""

    paths: Paths
    store: Store
    chat: Chat
    session: str
    said: list[str] = field(default_factory=list)

    async def ask(self, text: str = "hello wide world") -> MessageRow:
        """One whole turn; the answer as it is in the library afterwards."""
        async with asyncio.timeout(30):
            events = await collect(self.chat.send(self.session, text, spec=PARROT))
        self.said += [repr(event) for event in events]
        return self.store.path(self.session)[-1]

    def check_no_key(self) -> None:
        """Not in what was said, nor in any byte on disk but the file of keys."""
        assert SECRET not in "".join(self.said)
        for file in self.paths.config.parent.rglob("*"):
            if file.is_file() and file != self.paths.keys_file:
                assert SECRET.encode() not in file.read_bytes(), file


@asynccontextmanager
async def opened(home: Path, base_url: str, **limits: float) -> AsyncIterator[Room]:
    """Everything as the program has it, with `limits` in `config.toml`."""
    paths = Paths(home / "config", home / "data", home / "cache")
    lines = ["[backends.openai.limits]"]
    lines += [f"{name} = {value}" for name, value in {**QUICK, **limits}.items()]
    lines += ["[backends.openai.servers.here]", f'base_url = "{base_url}"']
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("\n".join(lines))
    keys = KeyRing(paths, {})
    keys.set("openai@here", base_url, SECRET)
    said: list[str] = []
    plugins = load_plugins(log=said.append)
    settings = load_settings(paths).settings
    runtime = Runtime(plugins, settings, paths, Library(paths), secret=keys.get, log=said.append)
    store = Store.open(paths.database)
    session = store.create_session(model=PARROT.id).id
    try:
        yield Room(paths, store, Chat(store, runtime, plugins, flush_s=0.01), session, said)
    finally:
        await runtime.close()
        store.close()


def check_failed(answer: MessageRow, kind: str, text: str) -> None:
    """The saved answer tells what happened and has the text so far."""
    assert answer.error is not None
    check_error(answer.error)
    assert (answer.error.kind, answer.message.text) == (kind, text), answer.error
    assert answer.finish_reason is None
    assert answer.state == ("interrupted" if text else "failed")


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_costs_one_answer(
    name: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    handler, kind, title, kept = FAULTS[name]
    caplog.set_level(logging.DEBUG)
    with fs.FaultServer(handler) as server:
        async with opened(home, server.base_url) as room:
            answer = await room.ask()
            check_failed(answer, kind, kept)
            assert answer.error is not None and title in answer.error.title
            assert server.chats[0].headers["authorization"] == f"Bearer {SECRET}"
            if kept:
                assert len(server.chats) == 1, "asked again after the first word"

            server.handlers = [fs.parrot(context=1000)]
            again = await room.ask("well then")
            assert (again.message.text, again.state) == ("well then", "complete")
            sent = msgspec.convert(server.chats[-1].body["messages"], list[dict[str, str]])
            before = ["hello wide world", kept] if kept else []
            assert [message["content"] for message in sent] == [*before, "well then"]
            room.said.append(caplog.text)
            room.check_no_key()


SILENCE: dict[str, tuple[fs.Handler, str]] = {
    "silent": (fs.silent(), ""),
    "pings": (fs.then(fs.stream(), fs.pings()), ""),
    "stall": (fs.then(streamed(), fs.silent()), "Hello there"),
    "pings after words": (fs.then(streamed(), fs.pings()), "Hello there"),
}


@pytest.mark.parametrize("name", SILENCE)
async def test_silence_ends(name: str, home: Path) -> None:
    """By the limits of the settings; pings are no words."""
    handler, text = SILENCE[name]
    with fs.FaultServer(handler, fs.parrot()) as server:
        async with opened(home, server.base_url, first_token_s=1.0, idle_s=0.5) as room:
            check_failed(await room.ask(), "timeout", text)
            assert len(server.chats) == 1
            assert (await room.ask("well then")).message.text == "well then"


@pytest.mark.parametrize("broken", ["refused", "no address", "certificate", "no TLS"])
async def test_no_connection(broken: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fs.FaultServer(fs.parrot(), tls=broken == "certificate") as server:
        address = server.base_url.replace("http:", "https:")
        if broken == "no address":
            address = "https://api.teacher.test/v1"
            monkeypatch.setattr(socket, "getaddrinfo", no_address)
        elif broken == "refused":
            address = "http://127.0.0.1:1/v1"
        async with opened(home, address) as room:
            check_failed(await room.ask(), "network", "")
            check_failed(await room.ask("and now?"), "network", "")
            room.check_no_key()
        assert server.seen == []


def no_address(*args: object, **named: object) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


async def test_a_redirect_is_not_followed_with_the_key(home: Path) -> None:
    """The other host hears nothing at all, whatever the kind of redirect."""
    with fs.FaultServer(fs.parrot()) as thief:
        to = f"Location: http://localhost:{thief.port}/v1/chat/completions"
        redirects = [fs.response(status, b"", to) for status in (301, 302, 303, 307, 308)]
        with fs.FaultServer(*redirects) as server:
            async with opened(home, server.base_url) as room:
                for _ in redirects:
                    check_failed(await room.ask(), "config", "")
            assert len(server.chats) == len(redirects)
        assert thief.seen == []


@pytest.mark.parametrize("part", [b"x" * 1024, fs.delta("")], ids=["line", "empty words"])
async def test_a_flood_costs_little_memory(part: bytes, home: Path) -> None:
    """Of 200 MB."""
    with fs.FaultServer(fs.parrot(), fs.then(fs.stream(), fs.flood(part, 200))) as server:
        async with opened(home, server.base_url, first_token_s=90, body_bytes=2 << 20) as room:
            assert (await room.ask()).state == "complete"
            tracemalloc.start()
            try:
                answer = await room.ask()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            check_failed(answer, "protocol", "")
            assert peak < 24 << 20


async def test_a_flood_of_nothing_leaves_the_loop_turning(home: Path) -> None:
    """Thousands of empty lines in one part, and the screen still moves between them."""
    parts = fs.then(fs.stream(), fs.flood(b"\n", 200))
    with fs.FaultServer(fs.parrot(), parts) as server:
        async with opened(home, server.base_url, first_token_s=90, body_bytes=1 << 20) as room:
            await room.ask()
            asking = asyncio.create_task(room.ask())
            turns = 0
            while not asking.done():
                await asyncio.sleep(0)
                turns += 1
            check_failed(asking.result(), "protocol", "")
            assert turns > (1 << 20) / 8192


def test_the_certificate_is_somebody_elses() -> None:
    """Else the test of TLS would prove nothing."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(fs.CERTIFICATE)
