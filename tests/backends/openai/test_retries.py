"""Trying again: before the first word only, with patience, and never with what was refused."""

import asyncio
import time

import pytest

from g4tui.core import Cancel, Finished
from support import fault_server as fs
from support.teacher import MakeTeacher


async def test_a_busy_server_is_tried_again(teacher: MakeTeacher) -> None:
    """Two refusals, then an answer; the log says so."""
    busy = fs.refusal(503, "Loading model")
    with fs.FaultServer(busy, fs.reset(), fs.parrot()) as server:
        model = teacher(server.base_url)
        heard = await model.ask()
        assert heard.text == "hello wide world"
        assert len(server.chats) == 3
    assert sum("try " in line for line in model.log) == 2


async def test_patience_has_an_end(teacher: MakeTeacher) -> None:
    """As many tries as configured."""
    with fs.FaultServer(fs.refusal(500, "Boom")) as server:
        heard = await teacher(server.base_url, retries=3).ask()
        assert heard.error.kind == "server"
        assert len(server.chats) == 4


async def test_the_server_says_how_long(teacher: MakeTeacher) -> None:
    """Retry-After is waited for, though our own first wait would be shorter."""
    with fs.FaultServer(fs.refusal(429, "Slow", "Retry-After-Ms: 300"), fs.parrot()) as server:
        loop = asyncio.get_running_loop()
        began = loop.time()
        heard = await teacher(server.base_url).ask()
        assert heard.end == Finished("stop")
        assert loop.time() - began >= 0.3


async def test_an_hour_is_not_waited_for(teacher: MakeTeacher) -> None:
    """The person is told how long instead."""
    with fs.FaultServer(fs.refusal(429, "Slow", "Retry-After: 3600"), fs.parrot()) as server:
        heard = await teacher(server.base_url).ask()
        assert (heard.error.kind, heard.error.retry_after_s) == ("rate_limit", 3600.0)
        assert len(server.chats) == 1


async def test_nothing_is_tried_again_after_a_word(teacher: MakeTeacher) -> None:
    """Neither after text, nor after thinking, nor after text that is held back for now."""
    begun = (
        fs.delta("Hello"),
        fs.delta(reasoning_content="Hm"),
        fs.delta("<"),
        fs.delta("\ud83d"),
    )
    for part in begun:
        with fs.FaultServer(fs.then(fs.stream(part), fs.reset()), fs.parrot()) as server:
            heard = await teacher(server.base_url).ask(stop=["<end>"])
            assert heard.error.kind == "network"
            assert len(server.chats) == 1


async def test_what_cannot_help_is_not_tried_again(teacher: MakeTeacher) -> None:
    """A refused key, an empty account, a missing model, a prompt that is too long."""
    for status, code in ((401, ""), (403, ""), (404, ""), (429, "insufficient_quota"), (400, "")):
        with fs.FaultServer(fs.refusal(status, "No", code=code), fs.parrot()) as server:
            await teacher(server.base_url).ask()
            assert len(server.chats) == 1


async def test_a_refused_field_is_left_out_for_good(teacher: MakeTeacher) -> None:
    """One refusal a field, remembered for later requests; the rest of the request stays."""

    def fussy(connection: fs.Connection) -> None:
        body = connection.body
        if "temperature" in body:
            text = "Unsupported value: 'temperature' does not support 0.5."
            fs.refusal(400, text, param="temperature")(connection)
        elif "max_tokens" in body:
            text = "Unsupported parameter: use 'max_completion_tokens' instead of 'max_tokens'."
            fs.refusal(400, text, param="max_tokens")(connection)
        elif "min_p" in body:
            detail = [{"loc": ["body", "min_p"], "msg": "Extra inputs are not permitted"}]
            body_ = fs.json.dumps({"detail": detail}).encode()
            fs.response(422, body_)(connection)
        elif "stream_options" in body:
            fs.refusal(400, "Unknown field stream_options")(connection)
        else:
            fs.parrot()(connection)

    with fs.FaultServer(fussy) as server:
        model = teacher(server.base_url)
        params = {"temperature": 0.5, "max_tokens": 2, "min_p": 0.1, "seed": 7}
        heard = await model.ask(**params)
        assert (heard.text, heard.end) == ("hello wide ", Finished("length"))
        assert heard.usage.estimated
        body = server.chats[-1].body
        assert (body["max_completion_tokens"], body["seed"]) == (2, 7)
        assert len(server.chats) == 5
        await model.ask(**params)
        assert len(server.chats) == 6
    assert {line.split()[-4] for line in model.log if "does not take" in line} >= SET_WITHOUT


SET_WITHOUT = {"temperature;", "max_tokens;", "min_p;", "stream_options;"}


async def test_a_refused_stop_is_kept_by_us(teacher: MakeTeacher) -> None:
    """A server that takes no `stop` is stopped by hanging up."""

    def unstoppable(connection: fs.Connection) -> None:
        if "stop" in connection.body:
            fs.refusal(400, "Unsupported parameter: 'stop'", param="stop")(connection)
        else:
            fs.parrot(every_s=0.01)(connection)

    with fs.FaultServer(unstoppable) as server:
        heard = await teacher(server.base_url).ask("one two three four", stop=["wo th"])
        assert (heard.text, heard.end) == ("one t", Finished("stop"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), fs.silent()),
        (fs.stream(), fs.silent()),
        (fs.stream(fs.delta("Hello")), fs.silent()),
        (fs.refusal(429, "Slow", "Retry-After: 20"), fs.silent()),
    ],
    ids=["before the head", "before a word", "after a word", "between tries"],
)
async def test_a_stop_at_any_moment(
    before: fs.Handler, after: fs.Handler, teacher: MakeTeacher
) -> None:
    """Silence within 100 ms, and the server is hung up on."""
    cancel, asked = Cancel(), [0.0]

    def handle(connection: fs.Connection) -> None:
        if before:
            before(connection)
        asked[0] = time.monotonic()
        cancel.request()
        after(connection)

    with fs.FaultServer(fs.parrot(), handle) as server:
        model = teacher(server.base_url)
        await model.ask()  # so that what is stopped is no import
        heard = await model.ask(cancel=cancel)
        assert heard.end == Finished("cancelled")
        assert time.monotonic() - asked[0] < 0.1
        assert await asyncio.to_thread(server.chats[1].gone.wait, 5), "the connection stays open"
