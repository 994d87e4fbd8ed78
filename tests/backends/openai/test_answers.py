"""What is sent, what is read, what is counted."""

import json

import pytest

from g4tui.core import (
    Attachment,
    Cancel,
    Finished,
    Message,
    Params,
    Request,
    TextDelta,
)
from g4tui_openai.options import Price, Server
from support import fault_server as fs
from support.teacher import SECRET, MakeTeacher


async def test_the_request(teacher: MakeTeacher) -> None:
    """Every parameter by the name that servers know, files in their message, nothing else."""
    messages = (
        Message("system", "Be brief."),
        Message("user", "Sum up \ud800", attachments=(Attachment("notes.txt", "some notes"),)),
    )
    params = Params(
        temperature=0.5, top_k=4, top_p=0.9, min_p=0.1, repeat_penalty=1.1, seed=3, max_tokens=5,
        stop=("a", "b", "c", "d", "e"), extra={"reasoning_effort": "low", "model": "other"},
    )  # fmt: skip
    with fs.FaultServer(fs.parrot()) as server:
        model = teacher(server.base_url)
        request = Request(messages, params)
        assert [event async for event in model.engine.generate(request, Cancel())]
        sent = server.chats[0]
    assert sent.body == {
        "model": "parrot",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "notes.txt:\n```\nsome notes\n```\n\nSum up ?"},
        ],
        "temperature": 0.5,
        "top_k": 4,
        "top_p": 0.9,
        "min_p": 0.1,
        "repeat_penalty": 1.1,
        "seed": 3,
        "max_tokens": 5,
        "stop": ["a", "b", "c", "d"],
        "reasoning_effort": "low",
    }
    assert set(sent.headers) <= {
        "host", "accept", "accept-encoding", "content-type", "content-length", "user-agent",
        "connection", "authorization",
    }  # fmt: skip
    assert sent.headers["authorization"] == f"Bearer {SECRET}"


async def test_no_key_no_header(teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local server without a key gets none, whatever is in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_ORG_ID", "my-organisation")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Extra: {SECRET}")
    with fs.FaultServer(fs.parrot()) as server:
        heard = await teacher(server.base_url, key=None).ask()
        assert heard.end == Finished("stop")
        headers = server.chats[0].headers
        assert "authorization" not in headers
        assert SECRET not in str(headers)
        assert "my-organisation" not in str(headers)


async def test_thinking_is_apart(teacher: MakeTeacher) -> None:
    """Under either name that servers give it."""
    parts = (
        fs.delta(reasoning_content="Let me "),
        fs.delta(reasoning="see."),
        fs.delta("Yes."),
        fs.delta(finish="stop"),
    )
    with fs.FaultServer(fs.stream(*parts)) as server:
        heard = await teacher(server.base_url).ask()
    assert (heard.thinking, heard.text) == ("Let me see.", "Yes.")


async def test_characters_that_come_in_pieces(teacher: MakeTeacher) -> None:
    """UTF-8 split over packets byte by byte, and an escaped pair split over two chunks."""
    raw = fs.event({"choices": [{"delta": {"content": "日本 🎈"}, "finish_reason": None}]})
    halves = (
        b'data: {"choices": [{"delta": {"content": " \\ud83c"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "\\udf88 ok \\ud83c"}}]}\n\n',
        fs.delta(finish="stop"),
    )
    single = tuple(bytes([byte]) for byte in raw)
    with fs.FaultServer(fs.stream(*single, *halves)) as server:
        heard = await teacher(server.base_url).ask()
    assert heard.text == "日本 🎈 🎈 ok \ufffd"
    for event in heard.events:
        if isinstance(event, TextDelta):
            event.text.encode()


async def test_odd_but_sound_streams(teacher: MakeTeacher) -> None:
    """CRLF, comments, null choices, an empty list, no space after the colon, other event fields."""
    body = (
        b": hello\r\n\r\nevent: message\r\ndata:"
        + json.dumps({"choices": None}).encode()
        + b"\r\n\r\nid: 7\r\nretry: 10\r\ndata: "
        + json.dumps({"choices": [], "usage": None}).encode()
        + b'\r\n\r\ndata: {"choices":\r\n'
        b'data: [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}'
        b"\r\n\r\ndata: [DONE]\r\n\r\n"
    )
    with fs.FaultServer(fs.stream(body)) as server:
        heard = await teacher(server.base_url).ask()
    assert (heard.text, heard.end) == ("Hi", Finished("stop"))


async def test_an_answer_without_streaming(teacher: MakeTeacher) -> None:
    """A server that ignores `stream` still answers."""
    choice = {"message": {"role": "assistant", "content": "Whole."}, "finish_reason": "stop"}
    with fs.FaultServer(fs.response(200, json.dumps({"choices": [choice]}).encode())) as server:
        heard = await teacher(server.base_url).ask()
    assert (heard.text, heard.end) == ("Whole.", Finished("stop"))


async def test_how_an_answer_ended(teacher: MakeTeacher) -> None:
    """The reasons of servers in our words."""
    for said, reason in (("length", "length"), ("content_filter", "filtered"), ("eos", "stop")):
        with fs.FaultServer(fs.stream(fs.delta("Hi"), fs.delta(finish=said))) as server:
            assert (await teacher(server.base_url).ask()).end == Finished(reason)


async def test_what_breaks_after_the_end_is_no_failure(teacher: MakeTeacher) -> None:
    """The answer is whole: a stall or a reset only costs the server's count."""
    whole = fs.stream(fs.delta("Hi"), fs.delta(finish="stop"))
    for after in (fs.silent(), fs.reset(), fs.pings()):
        with fs.FaultServer(fs.then(whole, after)) as server:
            heard = await teacher(server.base_url, usage_s=0.2).ask()
            assert (heard.text, heard.end) == ("Hi", Finished("stop"))
            assert heard.usage.estimated


async def test_the_count_and_the_cost(teacher: MakeTeacher) -> None:
    """The server's count, cached tokens at their price; an own price goes before all."""
    parts = (fs.delta("Hi"), fs.delta(finish="stop"), fs.usage(1000, 200, cached=400), fs.DONE)
    prices = {"parrot": Price(input=2.0, output=10.0, cached=0.5)}
    with fs.FaultServer(fs.stream(*parts)) as server:
        usage = (await teacher(server.base_url, prices=prices).ask()).usage
        free = (await teacher(server.base_url).ask()).usage
    assert (usage.prompt, usage.cached, usage.completion) == (1000, 400, 200)
    assert not usage.estimated
    assert usage.cost_usd is not None
    assert abs(usage.cost_usd - (600 * 2.0 + 400 * 0.5 + 200 * 10.0) / 1e6) < 1e-12
    assert free.cost_usd == 0.0
    assert usage.ttft_s is not None and usage.ttft_s > 0


async def test_a_count_that_makes_no_sense(teacher: MakeTeacher) -> None:
    """Is not believed."""
    for bad in (
        fs.usage(-1, 5),
        fs.usage(5, 5, cached=9),
        fs.event({"usage": {"prompt_tokens": "9"}}),
    ):
        with fs.FaultServer(fs.stream(fs.delta("Hi"), fs.delta(finish="stop"), bad)) as server:
            heard = await teacher(server.base_url).ask()
            assert heard.usage.estimated
            assert heard.usage.prompt > 0


async def test_a_known_context_is_kept_by_us(teacher: MakeTeacher) -> None:
    """Some servers cut a long prompt in silence: with a known context it is never sent."""
    with fs.FaultServer(fs.parrot()) as server:
        model = teacher("", server=Server(server.base_url, context=100))
        heard = await model.ask("word " * 200)
        assert (heard.error.kind, server.chats) == ("context", [])
        assert "100" in heard.error.detail


async def test_a_context_is_learnt_from_a_refusal(teacher: MakeTeacher) -> None:
    """So that the next turn can be trimmed to it."""
    with fs.FaultServer(fs.parrot(context=150)) as server:
        model = teacher(server.base_url)
        assert model.engine.context > 150
        assert (await model.ask("word " * 200)).error.kind == "context"
        assert model.engine.context == 150
