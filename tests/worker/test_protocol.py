"""The lines between host and child."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g4tui.core import (
    Attachment,
    ErrorInfo,
    Failed,
    Finished,
    Message,
    ModelFile,
    ModelSpec,
    Params,
    Progress,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui.worker import protocol
from g4tui.worker.protocol import Lines, MalformedError, decode_ask, decode_reply, encode

unhurried = settings(deadline=None)
NUMBER = st.integers(0, 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ANY_TEXT = st.text(st.characters())
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ERRORS = st.builds(
    ErrorInfo, st.sampled_from(["model", "crashed"]), TEXT, TEXT, TEXT, st.none() | FLOAT
)
EVENTS = st.one_of(
    st.builds(Progress, st.sampled_from(["load", "prefill"]), NUMBER, NUMBER),
    st.builds(TextDelta, TEXT),
    st.builds(ReasoningDelta, TEXT),
    st.builds(Usage, NUMBER, NUMBER, NUMBER, st.booleans(), st.none() | FLOAT, st.none() | FLOAT),
    st.builds(Finished, st.sampled_from(["stop", "length", "filtered", "cancelled"])),
    st.builds(Failed, ERRORS),
)
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant"]),
        TEXT,
        TEXT,
        st.lists(st.builds(Attachment, TEXT, TEXT), max_size=2).map(tuple),
    ),
    max_size=4,
).map(tuple)
PARAMS = st.builds(
    Params,
    temperature=st.none() | FLOAT,
    seed=st.none() | st.integers(-(2**63), 2**64 - 1),
    stop=st.lists(TEXT, max_size=3).map(tuple),
    extra=st.dictionaries(TEXT, JSON, max_size=3),
)
REQUESTS = st.builds(
    Request,
    MESSAGES,
    PARAMS,
    st.booleans(),
    st.none() | TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
)
SPECS = st.builds(ModelSpec, TEXT, TEXT, TEXT, st.just(("/a.gguf",)), st.none() | NUMBER)
FILES = st.lists(
    st.builds(ModelFile, TEXT, TEXT, NUMBER, st.sampled_from(["gguf", "ggml"])), max_size=2
).map(tuple)
ASKS = st.one_of(
    st.builds(
        protocol.Load,
        NUMBER,
        TEXT,
        SPECS,
        st.dictionaries(TEXT, JSON),
        TEXT,
        FILES,
        NUMBER,
        st.none() | TEXT,
    ),
    st.builds(protocol.Generate, NUMBER, REQUESTS),
    st.builds(protocol.Cancel, NUMBER),
    st.builds(protocol.CountTokens, NUMBER, MESSAGES),
    st.builds(protocol.Tokenize, NUMBER, TEXT),
    st.builds(protocol.Score, NUMBER, st.lists(NUMBER).map(tuple), NUMBER),
    st.builds(protocol.Embed, NUMBER, st.lists(TEXT).map(tuple)),
    st.builds(protocol.Idle, NUMBER),
    st.builds(protocol.Unload, NUMBER),
)
REPLIES = st.one_of(
    st.builds(protocol.Hello, NUMBER),
    st.builds(protocol.Loading, NUMBER, NUMBER, NUMBER),
    st.builds(protocol.Loaded, NUMBER, NUMBER, st.booleans()),
    st.builds(protocol.Streamed, NUMBER, EVENTS),
    st.builds(protocol.Counted, NUMBER, NUMBER),
    st.builds(protocol.Tokenized, NUMBER, st.lists(NUMBER)),
    st.builds(protocol.Scored, NUMBER, st.lists(FLOAT | st.sampled_from(["nan", "inf", "-inf"]))),
    st.builds(protocol.Embedded, NUMBER, st.lists(st.lists(FLOAT))),
    st.builds(protocol.Done, NUMBER),
    st.builds(protocol.Refused, NUMBER, ERRORS),
)


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
