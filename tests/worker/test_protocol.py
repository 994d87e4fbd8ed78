"""The lines between host and child."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g4tui.core import ModelSpec, Usage
from g4tui.worker import protocol
from g4tui.worker.protocol import Lines, MalformedError, decode_ask, decode_reply, encode
from support.protocol_values import ANY_TEXT, ASKS, REPLIES

unhurried = settings(deadline=None)


@unhurried
@given(ASKS)
def test_what_the_host_asks_arrives(ask: protocol.Ask) -> None:
    line = encode(ask)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode_ask(line[:-1]) == ask


@unhurried
@given(REPLIES)
def test_what_the_child_replies_arrives(reply: protocol.Reply) -> None:
    line = encode(reply)
    assert line.count(b"\n") == 1
    assert decode_reply(line[:-1]) == reply


@unhurried
@given(st.lists(REPLIES, max_size=8), st.data())
def test_lines_survive_any_cut(replies: list[protocol.Reply], data: st.DataObject) -> None:
    whole = b"".join(map(encode, replies))
    lines, got = Lines(), []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        got += [decode_reply(line) for line in lines.feed(whole[:size])]
        whole = whole[size:]
    assert got == replies


@unhurried
@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes_are_a_reply_or_malformed(chunks: list[bytes]) -> None:
    lines = Lines(limit=300)
    try:
        for chunk in chunks:
            for line in lines.feed(chunk):
                decode_reply(line)
    except MalformedError as error:
        assert str(error)


@unhurried
@given(REPLIES.map(encode), st.data())
def test_a_damaged_line_is_a_reply_or_malformed(line: bytes, data: st.DataObject) -> None:
    damaged = bytearray(line[:-1])
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_reply(bytes(damaged))
    except MalformedError as error:
        assert str(error)


@unhurried
@given(ANY_TEXT)
def test_any_text_can_be_sent(text: str) -> None:
    ask = decode_ask(encode(protocol.Tokenize(1, text))[:-1])
    assert isinstance(ask, protocol.Tokenize)
    assert ask.text == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"op":"counted","id":1}',
        b'{"op":"counted","id":1,"count":"1"}',
        b'{"op":"counted","id":1e400,"count":1}',
        b'{"op":"event","id":1,"event":{"type":"text","text":"\xff"}}',
        b'{"op":"event","id":1,"event":{"type":"finished","reason":"bored"}}',
        b'{"op":"generate","id":1}',
        b'{"op":"scored","id":1,"values":["none"]}',
        b'{"op":' + b"[" * 100_000,
    ],
)
def test_nonsense_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_reply(line)


def test_an_endless_line_is_noticed_before_its_end() -> None:
    lines = Lines(limit=1000)
    with pytest.raises(MalformedError, match="longer than 1,000"):
        for _ in range(11):
            lines.feed(b"{" * 100)
    with pytest.raises(MalformedError, match="starts with"):
        Lines().feed(b"ggml_init: found 1 device")


def test_what_json_cannot_hold_is_malformed() -> None:
    with pytest.raises(MalformedError):
        encode(protocol.Load(1, "b", ModelSpec("b", "m"), {"x": object()}, "/"))
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(MalformedError):
        encode(protocol.Load(1, "b", ModelSpec("b", "m"), {"x": deep}, "/"))


def test_a_number_that_is_none_arrives_as_none() -> None:
    reply = decode_reply(encode(protocol.Streamed(1, Usage(tok_per_s=math.nan)))[:-1])
    assert reply == protocol.Streamed(1, Usage(tok_per_s=None))


def test_every_message_has_an_op_of_its_own() -> None:
    for union in (protocol.Ask, protocol.Reply):
        ops = [msgspec.inspect.type_info(kind).tag for kind in union.__args__]  # type: ignore[attr-defined]
        assert len(set(ops)) == len(ops)
