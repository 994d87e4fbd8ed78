"""Files that somebody made to do harm, or that were damaged: told, and the library as it was."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from g4tui.core import G4tuiError, Message
from g4tui.exchange import ImportReport
from g4tui.store import Store
from g4tui_exchange.trees import CIRCLES
from support.chatgpt import conversation, node, written, zipped

Import = Callable[..., ImportReport]
ESCAPES = "evil \x1b]0;title\x07\x1b[2J \u202egnp.exe \x9b31m"
DEEP = 10_000
LONG = 3_000
MIB = 1024 * 1024


def session(text: str = "hello", **more: Any) -> dict[str, Any]:
    """One session of our own JSON."""
    message = {"id": "1", "parent": None, "message": {"role": "user", "text": text}}
    return {"g4tui": 1, "title": "a session", "messages": [message], **more}


@pytest.fixture
def kept(store: Store) -> Callable[[], None]:
    """Asserts that the library holds what it held before."""
    row = store.create_session(title="mine")
    store.add_message(row.id, None, Message("user", "my words"))
    before = store.transcript(row.id)

    def check() -> None:
        assert [each.id for each in store.sessions(shelf="all")] == [row.id]
        assert store.transcript(row.id) == before
        assert store.check() == []

    return check


def told(error: G4tuiError | None) -> None:
    """It says what, why and what to do."""
    assert error is not None
    assert error.info.title
    assert error.info.detail
    assert error.info.remedy


def damaged(tmp_path: Path) -> dict[str, Path]:
    """Files of which nothing can be read."""
    talk = json.dumps([conversation(node("q", None, "user", "hi"))])
    files: dict[str, bytes] = {
        "binary.json": bytes(range(256)) * 64,
        "empty.json": b"",
        "utf16.json": json.dumps([session()]).encode("utf-16"),
        "page.json": b"<!doctype html><html>not found</html>",
        "no.zip": b"PK\x03\x04" + bytes(1_000),
        "deep.json": b"[" * DEEP,
    }
    paths = {}
    for name, data in files.items():
        paths[name] = tmp_path / name
        paths[name].write_bytes(data)
    whole = zipped(tmp_path / "whole.zip", {"conversations.json": talk * 50})
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-40])
    locked = tmp_path / "locked.zip"
    locked.write_bytes(encrypted(zipped(locked, {"conversations.json": talk}).read_bytes()))
    other = zipped(tmp_path / "other.zip", {"photo.jpg": "x", "../conversations.json/x": "y"})
    return paths | {path.name: path for path in (cut, locked, other)}


def encrypted(data: bytes) -> bytes:
    """A zip whose one file claims to be encrypted."""
    changed = bytearray(data)
    changed[6] |= 1
    changed[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def test_of_a_file_that_is_none_nothing_comes(
    imported: Import, kept: Callable[[], None], tmp_path: Path
) -> None:
    for name, path in damaged(tmp_path).items():
        try:
            report = imported(path)
        except G4tuiError as error:
            told(error)
        else:
            told(report.error)
            assert report.new == [], name
        for format in ("json", "chatgpt", "jsonl"):
            report = imported(path, name=format)
            assert report.new == [], (name, format)
            assert report.error is not None or report.left_out or name == "empty.json", (
                name,
                format,
            )
        kept()


def test_what_is_no_file_is_refused(
    imported: Import, kept: Callable[[], None], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "nothing"):
        with pytest.raises(G4tuiError) as raised:
            imported(path)
        told(raised.value)
    kept()


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ('{"g4tui": 1, "x": ' + "[" * DEEP + "]" * DEEP + "}", "nested deeper"),
        ('{"g4tui": 1, "x": "' + "x" * 33 * MIB + '"}', "larger than 32 MiB"),
        ('{"g4tui": 1, "x": [' + "{}," * 1_000_000 + "{}]}", "more than 1,000,000 parts"),
        ('{"g4tui": 1, "x": ' + "9" * 5_000 + "}", "damaged"),
        ('{"g4tui": 1, "x": nul}', "damaged"),
        (json.dumps(session(messages=7)), "damaged sessions"),
        (json.dumps(session(context=10**30)), "cannot be saved"),
        (json.dumps(session(tags=["x" * 500])), "cannot be saved"),
        (json.dumps(session()).replace('"hello"', '"hel\udcfflo"'), "no UTF-8"),
    ],
    ids=["deep", "large", "parts", "number", "word", "type", "context", "tag", "utf8"],
)
def test_one_bad_session_is_counted_and_the_others_come(
    imported: Import, store: Store, tmp_path: Path, bad: str, what: str
) -> None:
    path = tmp_path / "sessions.json"
    good = [json.dumps(session(text)) for text in ("before", "after")]
    text = f"[{good[0]},\n{bad},\n{good[1]}]"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    report = imported(path)
    assert report.error is None
    assert sum(what in each for each in report.left_out) == 1, report.left_out
    texts = {store.path(each)[0].message.text for each in report.new}
    assert texts >= {"before", "after"}
    assert len(texts) == (3 if what == "no UTF-8" else 2)
    assert store.check() == []


@pytest.mark.parametrize(
    "bad",
    ["[" * DEEP + "]" * DEEP, '{"messages": ' + "[" * DEEP + "]" * DEEP + "}", "{", "null", "7"],
    ids=["deep", "deeper", "cut", "null", "number"],
)
def test_one_bad_line_is_counted_and_the_others_come(
    imported: Import, store: Store, tmp_path: Path, bad: str
) -> None:
    row = json.dumps({"messages": [{"role": "user", "content": "hi"}]})
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{row}\n{bad}\n{row.replace('hi', 'ho')}\n")
    report = imported(path)
    assert (len(report.new), report.left_out, report.error) == (
        2,
        {"lines without messages": (1, "")},
        None,
    )


def test_a_file_that_was_cut_off_gives_its_beginning_and_says_so(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.json"
    rows = [session(f"number {number}", origin=f"x:{number}") for number in range(120)]
    whole = json.dumps(rows)
    path.write_text(whole[: int(len(whole) * 0.9)])
    report = imported(path)
    told(report.error)
    assert 100 < len(report.new) < 110
    path.write_text(whole)
    rest = imported(path)
    assert rest.error is None
    assert (len(rest.new), rest.known) == (120 - len(report.new), len(report.new))


def test_a_tree_that_is_none_is_put_in_order(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    nodes = [
        node("q", None, "user", "a question"),
        node("a", "q", "assistant", "an answer"),
        node("lost", "gone", "user", "whose question is missing"),
        node("x", "y", "user", "a circle"),
        node("y", "x", "assistant", "of two"),
        node("self", "self", "user", "its own parent"),
    ]
    report = imported(written(tmp_path / "conversations.json", [conversation(*nodes, current="x")]))
    (imported_id,) = report.new
    rows = store.all_messages(imported_id)
    texts = {row.id: row.message.text for row in rows}
    above = {row.message.text: texts.get(row.parent or "") for row in rows}
    assert above == {
        "a question": None,
        "an answer": "a question",
        "whose question is missing": None,
        "a circle": None,
        "of two": "a circle",
        "its own parent": None,
    }
    assert [row.message.text for row in store.path(imported_id)] == ["a circle"], "it was shown"
    counts = {what: count for what, (count, _) in report.left_out.items()}
    assert sum(count for what, count in counts.items() if "circles" in what) == 2
    assert sum(count for what, count in counts.items() if "are missing" in what) == 1
    assert store.check() == []


def test_what_hangs_on_a_circle_keeps_its_texts_and_its_order(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    """In our own JSON, the last one first."""

    def message(id_: str, parent: str) -> dict[str, Any]:
        return {"id": id_, "parent": parent, "message": {"role": "user", "text": f"text {id_}"}}

    messages = [message("d", "c"), message("a", "b"), message("b", "a"), message("c", "b")]
    messages.append(messages[1])
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps([session(messages=messages, head="d")]))
    report = imported(path)
    (imported_id,) = report.new
    texts = [row.message.text for row in store.path(imported_id)]
    assert texts == ["text a", "text b", "text c", "text d"]
    assert {what: count for what, (count, _) in report.left_out.items()} == {
        "messages that occur twice": 1,
        CIRCLES: 1,
    }
    assert store.check() == []


@pytest.mark.parametrize(
    ("stray", "count"),
    [("7", 1), ("null, -1.5e3", 2), ('"a, \\" [text"', 1), ("7, [1], false", 3), ("nonsense", 1)],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_object_is_counted_and_the_others_come(
    imported: Import, store: Store, tmp_path: Path, stray: str, count: int, place: int
) -> None:
    asked = node("q", None, "user", "hi")
    files = {
        "chatgpt": [conversation(asked, conversation_id=str(each)) for each in range(2)],
        "json": [session(origin=f"x:{each}") for each in range(2)],
    }
    for format, talks in files.items():
        parts = [json.dumps(each) for each in talks]
        parts.insert(place, stray)
        path = tmp_path / f"{format}.json"
        path.write_text(f"[{','.join(parts)}]")
        report = imported(path, name=format)
        assert (len(report.new), report.error) == (2, None)
        assert sum(count for count, _ in report.left_out.values()) == count
        if place or (count < 3 and stray != "nonsense"):
            assert imported(path).importer == format, "it is recognised"
    assert len(store.sessions()) == 4


def test_a_long_line_of_messages_is_no_depth(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    nodes = [node("0", None, "user", "begin")]
    for number in range(1, LONG):
        role = "assistant" if number % 2 else "user"
        nodes.append(node(str(number), str(number - 1), role, f"say {number}"))
    talk = {**conversation(nodes[0]), "current_node": str(LONG - 1)}
    talk["mapping"] = {each["id"]: each for each in reversed(nodes)}
    report = imported(written(tmp_path / "conversations.json", [talk]))
    assert len(store.path(report.new[0])) == LONG


def test_a_bomb_in_a_zip_is_left_unexploded(
    imported: Import, kept: Callable[[], None], tmp_path: Path
) -> None:
    one = zipped(tmp_path / "one.zip", {"conversations.json": b"[" + b" " * 100 * MIB + b"]"})
    part = b"[" + b" " * 8 * MIB + b"]"
    many = zipped(
        tmp_path / "many.zip", {f"{n}/conversations-{n:03}.json": part for n in range(16)}
    )
    for path in (one, many):
        assert path.stat().st_size < MIB
        report = imported(path)
        told(report.error)
        assert "bomb" in str(report.error)
        kept()


def test_names_in_a_zip_reach_no_folder(imported: Import, store: Store, tmp_path: Path) -> None:
    talk = json.dumps([conversation(node("q", None, "user", "hi"))])
    names = ("../../conversations.json", "/etc/conversations-001.json", "..\\conversations-2.json")
    path = zipped(tmp_path / "export.zip", {name: talk.replace("6f8a", name[-6]) for name in names})
    before = set(tmp_path.parent.rglob("*"))
    report = imported(path)
    assert report.new
    new = {each for each in set(tmp_path.parent.rglob("*")) - before if "sqlite" not in each.name}
    assert new == set(), "nothing is unpacked anywhere"


def test_titles_are_kept_raw_short_and_on_one_line_where_they_are_shown(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.json"
    titles = [ESCAPES, "<script>alert(1)</script>", "long " * 100_000, "two\nlines"]
    path.write_text(json.dumps([session(title, title=title) for title in titles]))
    report = imported(path)
    kept = [store.session(each).title for each in report.new]
    assert kept[:2] == titles[:2], "the library keeps what was said"
    assert len(kept[2]) == 300


def test_a_session_of_the_far_future_does_not_stay_on_top(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps([session(created=1e300, updated=1e300, origin="future")]))
    (future,) = imported(path).new
    now = store.create_session(title="now").id
    assert [row.id for row in store.sessions()] == [now, future]
    assert store.session(future).created < time.time() + 60
