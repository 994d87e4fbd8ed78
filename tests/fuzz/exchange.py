"""Files of sessions that somebody else made."""

import json
import zipfile
from functools import cache
from io import BytesIO
from typing import Any

import msgspec
from hypothesis import strategies as st

import g4tui_exchange
from fuzz.target import Bytes, Things, scratch
from g4tui.core import G4tuiError
from g4tui.exchange import import_from
from g4tui.plugin import Importer, LeftOut, Transcript
from g4tui.store import Store
from g4tui_exchange.chatgpt import ChatGptImporter
from g4tui_exchange.messages import MessagesImporter
from g4tui_exchange.sessions_json import JsonImporter
from support.chatgpt import conversation, many, node
from support.protocol_values import JSON
from support.transcripts import transcripts

REFUSALS = ("protocol", "unsupported")


def check_importer(importer: Importer, data: bytes) -> None:
    """It gives sound sessions and what it left out, or says in words that the file is none."""
    try:
        importer.recognises(BytesIO(data))
        for found in importer.read(BytesIO(data)):
            if isinstance(found, LeftOut):
                assert found.what and found.count > 0, found
            else:
                check_transcript(found)
    except G4tuiError as error:
        info = error.info
        assert info.kind in REFUSALS, error
        assert info.title and info.detail and info.remedy, error


def check_transcript(transcript: Transcript) -> None:
    """Parents before children, and nothing that refers to nothing."""
    known: set[str | None] = {None}
    for message in transcript.messages:
        assert message.parent in known
        assert message.id not in known
        known.add(message.id)
    assert transcript.head in known
    answers = {each.id for each in transcript.messages if each.message.role == "assistant"}
    for turn in transcript.turns:
        assert set(turn.answers) == set(turn.shown) <= answers
    plain = json.loads(json.dumps(msgspec.to_builtins(transcript)))
    assert msgspec.convert(plain, Transcript) == transcript


def check_ours(data: bytes) -> None:
    """g4tui's own JSON."""
    check_importer(JsonImporter(), data)


def check_chatgpt(data: bytes) -> None:
    """ChatGPT's JSON, or its zip."""
    check_importer(ChatGptImporter(), data)


def check_messages(data: bytes) -> None:
    """JSONL of messages."""
    check_importer(MessagesImporter(), data)


def our_seeds() -> list[bytes]:
    """A session with what there is."""
    turn = {"answers": ["2", "3"], "shown": ["3", "2"], "created": 1.0, "blind": True}
    rows = [
        {"id": "1", "parent": None, "message": {"role": "user", "text": "hi"}},
        {"id": "2", "parent": "1", "message": {"role": "assistant", "text": "a", "reasoning": "r"}},
        {
            "id": "3",
            "parent": "1",
            "message": {"role": "assistant", "text": "b"},
            "state": "failed",
        },
    ]
    one = {"g4tui": 1, "title": "t", "messages": rows, "turns": [turn], "head": "3", "tags": ["x"]}
    return [json.dumps(each).encode() for each in ([one], one, [one, 7, {"g4tui": 2}])]


def chatgpt_seeds() -> list[bytes]:
    """Trees, with tools and thoughts."""
    parts = [{"content_type": "image_asset_pointer"}, {"content_type": "text", "text": "x"}]
    odd = conversation(
        node("r", None),
        node("q", "r", "user", "hi", metadata={"attachments": [{}]}),
        node("t", "q", "assistant", content={"content_type": "thoughts", "thoughts": [{}]}),
        node("c", "t", "assistant", content={"content_type": "code", "text": "x", "language": "y"}),
        node("s", "c", "tool", "result"),
        node("a", "s", "assistant", parts, metadata={"finish_details": {"type": "max_tokens"}}),
    )
    files = {"conversations.json": json.dumps([odd]), "conversations-1.json": json.dumps(many(1))}
    return [json.dumps([odd]).encode(), json.dumps(odd).encode(), *(_zip(files, k) for k in (0, 8))]


def _zip(files: dict[str, str], compression: int) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def message_seeds() -> list[bytes]:
    """Rows."""
    said = [{"role": "system", "content": "s"}, {"role": "user", "content": [{"text": "a"}, "b"]}]
    said += [{"role": "assistant", "content": "c", "reasoning": "r"}, {"role": "tool"}]
    row = json.dumps({"messages": said}).encode()
    return [row + b"\n" + row, b"\xef\xbb\xbf" + row, b'{"messages": [{"role": "user"}]}\r\n{}\n7']


@cache
def library() -> Store:
    """One library for all cases."""
    return Store.open(scratch() / "library.sqlite3")


def check_library(rows: list[Any]) -> None:
    """What is imported is saved whole or told of, and the library stays sound."""
    check_saved(json.dumps(rows).encode(), "json")


def check_file(data: bytes) -> None:
    """The same of a file of any format, which is to be recognised."""
    try:
        check_saved(data)
    except G4tuiError as error:
        assert error.info.kind == "usage", error


def check_saved(data: bytes, name: str | None = None) -> None:
    """Twice, as somebody may: what is in the library already stays as it is."""
    file = scratch() / "sessions"
    file.write_bytes(data)
    store, importers = library(), g4tui_exchange.g4tui_register_importers()
    before = len(store.sessions(shelf="all"))
    report = import_from(file, importers, store, name=name)
    if report.error is not None:
        assert report.error.info.kind in REFUSALS, report.error
    assert len(store.sessions(shelf="all")) == before + len(report.new)
    if not report.new:
        return
    again = import_from(file, importers, store, name=name)
    assert len(again.new) == sum(not store.session(id_).origin for id_ in report.new)
    assert (again.seen, again.left_out) == (report.seen, report.left_out)
    for id_ in report.new:
        check_transcript(store.transcript(id_))
    assert store.check() == []
    for id_ in (*report.new, *again.new):
        store.delete_session(id_)


@st.composite
def damaged_sessions(draw: st.DrawFn) -> Any:
    """A sound session of which some parts, at any depth, are something else."""
    plain = {"g4tui": 1, **msgspec.to_builtins(draw(transcripts(hidden=True)))}
    odd = JSON | st.sampled_from([-1, 10**30, 1e300, "1", "m0", "\ud800", "x" * 400, None, [], {}])
    for _ in range(draw(st.integers(0, 3))):
        place: Any = plain
        for _ in range(draw(st.integers(0, 5))):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            deeper = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
            if not deeper:
                break
            place = place[draw(st.sampled_from(deeper))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        place[draw(st.sampled_from(keys))] = draw(odd)
    return plain


TARGETS = (
    Bytes("import-json", check_ours, our_seeds),
    Bytes("import-chatgpt", check_chatgpt, chatgpt_seeds),
    Bytes("import-messages", check_messages, message_seeds),
    Bytes("import-file", check_file, lambda: [*our_seeds(), *chatgpt_seeds(), *message_seeds()]),
    Things("import-library", check_library, st.lists(damaged_sessions(), min_size=1, max_size=2)),
)
