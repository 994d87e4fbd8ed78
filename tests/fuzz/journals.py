"""What a killed collection left: a journal with whatever was in it, of which no row is lost."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from fuzz.target import Bytes, Things, scratch
from g4tui.core import ErrorInfo, Params, Price
from g4tui_training.collect.journal import Journal, Known
from g4tui_training.collect.records import (
    Answered,
    Asked,
    BatchEnded,
    BatchMade,
    BatchSent,
    Began,
    Failure,
    Missed,
    Record,
)
from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, read_rows
from support.protocol_values import ANY_TEXT

NEW = Answered("new", "words\u2028\n\x00", "stop", 1, 2, 0.5, 3.0)


def records(data: bytes) -> Iterator[tuple[int, Record]]:
    """What is whole in a journal, and where it begins; written apart from the journal."""
    at = 0
    for line in data.split(b"\n"):
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield at, msgspec.json.decode(line, type=Record)
        at += len(line) + 1


def check_journal(data: bytes) -> None:
    """All that is whole counts; what is written behind it is found; no byte of it is changed."""
    file = scratch() / "journal.jsonl"
    file.write_bytes(data)
    check_kept(file, data)


def check_kept(file: Path, data: bytes) -> None:
    """As above, of the file that holds `data`."""
    wanted = Known()
    for at, record in records(data):
        wanted.take(record, at)
    wanted.settle()
    with Journal(file) as journal:
        wanted.damaged = journal.known.damaged
        assert repr(journal.known) == repr(wanted)  # as text, for the sake of NaN
        check_answers(journal, data)
        journal.append(msgspec.structs.replace(NEW, key=f"new{len(data)}"))
    after = file.read_bytes()
    assert after.startswith(data)
    with Journal(file) as journal:
        found = journal.answer(f"new{len(data)}")
        assert found is not None
        assert f"new{len(data)}" in wanted.answers or found.response == NEW.response
        assert journal.known.damaged == wanted.damaged
        check_answers(journal, after)


def check_answers(journal: Journal, data: bytes) -> None:
    """Each answer is the first one of its key."""
    first: dict[str, Answered] = {}
    for _, record in records(data):
        if isinstance(record, Answered):
            first.setdefault(record.key, record)
    assert journal.known.answers.keys() == first.keys()
    for key, record in first.items():
        assert repr(journal.answer(key)) == repr(record)


def seeds() -> list[bytes]:
    """A line of each kind, and one that is cut."""
    failed = Missed("b", Failure("server", ErrorInfo("server", "t", "d", "r", 1.0)), 2.0, 0.1, 3)
    lines = [
        Began("openai:x", Params(seed=1), Price(1.0, 2.0), 1.0),
        Asked("a", 0.5, 9),
        Answered("a", "hé", "stop", 1, 2, 0.5, 3.0, 1.5),
        failed,
        BatchMade("l", 2, 0.5, 9, 1.0),
        BatchSent("l", "batch_1", 1.0),
        Answered("c", "x", "length", 1, 2, 0.5, 3.0, batch="batch_1"),
        BatchEnded("l", "completed", 1.0),
    ]
    whole = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    return [whole, whole[:-30], b'\n\n{"what": ' + b"[" * 3000, whole.replace(b"}\n", b"}\r\n")]


def check_rows(data: bytes) -> None:
    """Rows of prompts: each line is a row or is told of."""
    file = scratch() / "rows.jsonl"
    file.write_bytes(data if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else b"x" + data)
    for row in read_rows(file, Prompt):
        assert row.reason if isinstance(row, Broken) else row.id is not None


def row_seeds() -> list[bytes]:
    """Of both shapes."""
    row = b'{"id":"a","source":"s","licence":"MIT","prompt":"p","rank":1.0,"created":null}\n'
    said = b'"messages":[{"role":"user","content":"x"}],"response":"r"'
    return [row + row.replace(b'"prompt":"p"', said), b"\xef\xbb\xbf" + row, b"[" * 3000]


KEYS = st.sampled_from("abc")
SMALL = st.floats(0, 9)
COUNT = st.integers(0, 2**40)
LABEL = st.sampled_from(["l", "m"])
BATCH = st.sampled_from(["", "b1"])
FAILED = st.just(Failure("empty", ErrorInfo("server", "t")))
ENDS = st.sampled_from(["stop", "length", "filtered"])
PRICES = st.none() | st.just(Price(1, 2))
RECORDS = st.one_of(
    st.builds(Began, st.just("openai:x"), st.just(Params()), PRICES, SMALL),
    st.builds(Asked, KEYS, SMALL, COUNT),
    st.builds(Answered, KEYS, ANY_TEXT, ENDS, COUNT, COUNT, SMALL, SMALL, SMALL, BATCH),
    st.builds(Missed, KEYS, FAILED, SMALL, SMALL, COUNT, BATCH),
    st.builds(BatchMade, LABEL, COUNT, SMALL, COUNT, SMALL),
    st.builds(BatchSent, LABEL, st.sampled_from(["b1", "b2"]), SMALL),
    st.builds(BatchEnded, LABEL, ANY_TEXT, SMALL),
)


def check_kills(runs: list[tuple[list[Record], int]]) -> None:
    """Several runs into one journal, each killed in its last line: all before it is there."""
    file = scratch() / "killed.jsonl"
    file.unlink(missing_ok=True)
    for written, cut in runs:
        with Journal(file) as journal:
            for record in written:
                journal.append(record)
        data = file.read_bytes()
        last = data[:-1].rfind(b"\n") + 1
        file.write_bytes(data[: max(last, len(data) - cut)])
        check_kept(file, file.read_bytes())


TARGETS = (
    Bytes("journal", check_journal, seeds),
    Bytes("rows", check_rows, row_seeds),
    Things(
        "journal-kills",
        check_kills,
        st.lists(st.tuples(st.lists(RECORDS, max_size=6), st.integers(0, 60)), max_size=4),
    ),
)
