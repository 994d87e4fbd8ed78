"""Everything that a server can do wrong: a clear error, the text so far, a next turn that works."""

import asyncio
import logging
import socket
import threading
import traceback
from typing import Any

import pytest

from g4tui.core import Cancel, Finished
from g4tui.testing.conformance import check_error, check_order
from g4tui_openai import engine
from support import fault_server as fs
from support.faults import FAULTS, streamed
from support.teacher import SECRET, MakeTeacher


@pytest.mark.parametrize("name", ["401", "500", "reset in mid-stream", "malformed JSON", "gzip"])
async def test_a_fault_is_told_and_survived(
    name: str, teacher: MakeTeacher, caplog: pytest.LogCaptureFixture
) -> None:
    """Events in order, and no key in any object (all faults: see test_faults_in_chat)."""
    handler, kind, title, kept = FAULTS[name]
    caplog.set_level(logging.DEBUG)
    with fs.FaultServer(handler) as server:
        model = teacher(server.base_url, retries=0)
        heard = await model.ask()
        check_order(heard.events)
        check_error(heard.error)
        assert (heard.error.kind, heard.text) == (kind, kept), heard.error
        assert title in heard.error.title
        seen = f"{heard} {model} {model.engine!r} {vars(model.engine)} {model.log} {caplog.text}"
        assert SECRET not in seen

        server.handlers = [fs.parrot()]
        again = await model.ask()
        assert (again.text, again.end) == ("hello wide world", Finished("stop"))
        await model.close()


@pytest.mark.parametrize("name", ["reset at once", "reset in mid-stream"])
async def test_a_reset_is_told_in_the_systems_words(name: str, teacher: MakeTeacher) -> None:
    with fs.FaultServer(FAULTS[name][0]) as server:
        model = teacher(server.base_url, retries=0)
        heard = await model.ask()
        assert heard.error.detail == "Connection reset by peer"
        await model.close()


async def test_a_refused_connection(teacher: MakeTeacher) -> None:
    """The remedy says where to start the server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    model = teacher(f"http://127.0.0.1:{port}/v1", retries=0)
    heard = await model.ask()
    assert heard.error.kind == "network"
    assert "Nothing listens" in heard.error.title
    assert f"http://127.0.0.1:{port}/v1" in heard.error.remedy


async def test_a_name_without_an_address(
    teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS that fails, as without a network."""

    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    model = teacher("https://api.teacher.test/v1")
    heard = await model.ask()
    assert heard.error.kind == "network"
    assert "no address for api.teacher.test" in heard.error.title


def test_a_look_up_that_hangs_holds_up_nothing(
    teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a stop, nor the connection's limit, nor the end of the program's loop."""
    released = threading.Event()
    returned: list[str] = []

    def hang(*args: object, **kwargs: object) -> None:
        released.wait(20)
        returned.append("too late")
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    async def main() -> None:
        model = teacher("https://api.teacher.test/v1", retries=0, connect_s=0.3)
        assert (await model.ask()).error.kind == "timeout"
        cancel = Cancel()
        asking = asyncio.create_task(model.ask(cancel=cancel))
        await asyncio.sleep(0)
        cancel.request()
        assert (await asking).end == Finished("cancelled")

    try:
        asyncio.run(main())
        assert returned == []
    finally:
        released.set()


@pytest.mark.parametrize("tls", [True, False])
async def test_tls_that_fails(teacher: MakeTeacher, tls: bool) -> None:
    """A certificate of somebody else, and https spoken to a server without it."""
    with fs.FaultServer(fs.parrot(), tls=tls) as server:
        address = server.base_url.replace("http:", "https:")
        model = teacher(address)
        heard = await model.ask()
    check_error(heard.error)
    assert heard.error.kind == "network"
    assert "No secure connection" in heard.error.title
    assert server.chats == []


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (fs.silent(), ""),
        (fs.then(fs.stream(), fs.pings()), ""),
        (fs.then(fs.stream(), fs.pings(fs.event({"choices": []}))), ""),
        (fs.then(streamed(), fs.silent()), "Hello there"),
        (fs.then(streamed(), fs.pings()), "Hello there"),
        (fs.then(streamed(), fs.pings(fs.delta(""))), "Hello there"),
    ],
    ids=["silent", "pings", "empty chunks", "stall", "pings after words", "empty words"],
)
async def test_a_server_that_falls_silent(
    handler: fs.Handler, text: str, teacher: MakeTeacher
) -> None:
    """Pings are no words: the idle limit ends it, and the text stays."""
    with fs.FaultServer(handler) as server:
        model = teacher(server.base_url, first_token_s=0.4, idle_s=0.4)
        heard = await model.ask()
        assert (heard.error.kind, heard.text) == ("timeout", text)
        check_error(heard.error)


async def test_a_slow_import_is_not_the_servers_silence(
    teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client takes a second to import: limits and first-token time begin after it."""
    build = engine._build

    def slow(*parts: Any) -> Any:
        threading.Event().wait(0.8)
        return build(*parts)

    monkeypatch.setattr(engine, "_build", slow)
    with fs.FaultServer(fs.parrot()) as server:
        heard = await teacher(server.base_url, first_token_s=0.4).ask()
    assert (heard.text, heard.end) == ("hello wide world", Finished("stop"))
    assert heard.usage.ttft_s is not None
    assert heard.usage.ttft_s < 0.8


async def test_an_answer_that_never_ends(teacher: MakeTeacher) -> None:
    """The total limit holds while words still come."""
    with fs.FaultServer(fs.then(fs.stream(), fs.pings(fs.delta("word ")))) as server:
        model = teacher(server.base_url, total_s=0.5)
        heard = await model.ask()
        assert heard.error.kind == "timeout"
        assert "did not finish" in heard.error.title
        assert heard.text.startswith("word word ")


async def test_a_redirect_gets_no_key(teacher: MakeTeacher) -> None:
    """The second host hears nothing at all."""
    with fs.FaultServer(fs.parrot()) as thief:
        to = f"Location: http://localhost:{thief.port}/v1/chat/completions"
        with fs.FaultServer(fs.response(307, b"", to)) as server:
            model = teacher(server.base_url)
            heard = await model.ask()
            assert heard.error.kind == "config"
            assert server.chats[0].headers["authorization"] == f"Bearer {SECRET}"
        assert thief.seen == []


async def test_a_flood_is_not_taken_in(teacher: MakeTeacher) -> None:
    """Of 200 MB without an end of line only about the limit leaves the server."""
    sent = 0
    block = b"x" * 65536

    def flood(connection: fs.Connection) -> None:
        nonlocal sent
        connection.send(fs.SSE_HEAD + b"data: ")
        while sent < 200 << 20 and connection.send(block):
            sent += len(block)

    with fs.FaultServer(flood) as server:
        model = teacher(server.base_url)
        heard = await model.ask()
        assert heard.error.kind == "protocol"
    assert sent < 20 << 20


async def test_no_traceback_holds_the_key(
    teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with every local variable printed, where the fault is made."""
    from g4tui_openai import faults

    shown: list[str] = []
    plain = faults.Faults.of_exception

    def spy(self: faults.Faults, error: BaseException) -> faults.FaultError:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown.extend(trace.format())
        return plain(self, error)

    monkeypatch.setattr(faults.Faults, "of_exception", spy)
    for handler in (fs.reset(), fs.refusal(500, "Boom"), streamed(b"data: {\n\n")):
        with fs.FaultServer(handler) as server:
            model = teacher(server.base_url, retries=0)
            assert (await model.ask()).error
    assert "handle_async_request" in "".join(shown)
    assert SECRET not in "".join(shown)
