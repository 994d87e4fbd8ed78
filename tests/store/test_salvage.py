"""What can still be read of a damaged library is in the new one; the rest is told."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import Attachment, ErrorInfo, G4tuiError, Message, Params, Usage
from g4tui.plugin import Transcript
from g4tui.store import Asked, Store
from g4tui.store.pages import Pages
from g4tui.store.restoring import restore
from g4tui.store.salvage import Salvaged, salvage

LONG = "a long answer of many pages, 京都 " * 400
SESSIONS, MESSAGES = 4, 10


def filled(library: Path) -> None:
    """Sessions with all that a library holds."""
    store = Store.open(library)
    for number in range(SESSIONS):
        session = store.create_session(
            title=f"session {number}", system="be kind " * number * 100, params=Params(seed=number)
        ).id
        store.tag(session, "kept", f"tag {number}")
        said = Message("user", f"question {number}", "", (Attachment("a.txt", "x" * 3_000),))
        parent = store.add_message(session, None, said).id
        for turn in range(6):
            text = LONG if turn == number else f"answer {turn} " * 20
            parent = store.add_message(
                session,
                parent,
                Message("assistant", text, "thoughts"),
                model="m",
                usage=Usage(prompt=turn),
                error=ErrorInfo("server", "It broke") if turn == 3 else None,
                state="stopped" if turn == 3 else "complete",
                starred=turn == 4,
            ).id
        asked = [Asked(parent, "teacher"), Asked(parent, "student")]
        turn_row, sides = store.begin_compared(
            session, Message("user", "which?"), asked, blind=True
        )
        for _, answer in sides:
            store.finish_answer(answer.id, "complete", f"{answer.model} says")
        store.vote(turn_row.id, "left", reason="so it is")
        store.choose(turn_row.id, turn_row.answers[1])
    store.update_session(session, private=True)
    store.close()


@pytest.fixture
def whole(library: Path) -> Path:
    """A closed library with nothing wrong, and no journal beside it."""
    filled(library)
    connection = sqlite3.connect(library)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return library


def contents(library: Path) -> dict[str, Transcript]:
    store = Store.open(library)
    found = {row.id: store.transcript(row.id) for row in store.sessions(shelf="all")}
    assert store.check() == []
    store.close()
    return found


def overwritten(library: Path, start: int, data: bytes) -> None:
    with library.open("r+b") as file:
        file.seek(start)
        file.write(data)


def salvaged(library: Path, target: Path) -> tuple[Salvaged, dict[str, Transcript]]:
    before = library.read_bytes()
    found = salvage(library, target)
    assert library.read_bytes() == before, "the damaged one is left as it is"
    return found, contents(target)


def pages_of(library: Path) -> Iterator[tuple[int, int]]:
    """Number and kind of each page: 13 holds rows, 5 leads to those that do."""
    with library.open("rb") as file:
        pages = Pages(file)
        for number in range(1, pages.count + 1):
            yield number, pages.page(number)[100 if number == 1 else 0]


def test_of_a_whole_library_nothing_is_lost(whole: Path, tmp_path: Path) -> None:
    expected = contents(whole)
    found, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert result == expected
    assert found == Salvaged(
        sessions=SESSIONS, messages=SESSIONS * MESSAGES, turns=SESSIONS, votes=SESSIONS
    )
    store = Store.open(tmp_path / "new.sqlite3")
    assert sum(row.private for row in store.sessions()) == 1
    assert len(store.search("answer", limit=1_000)) == SESSIONS * 6
    store.close()


@pytest.mark.parametrize(
    ("start", "length"), [(0, 100), (0, 4096), (16, 2), (60, 12)], ids=["header", "page", "", " "]
)
def test_a_lost_beginning_loses_nothing(
    whole: Path, tmp_path: Path, start: int, length: int
) -> None:
    """SQLite opens no such file at all."""
    expected = contents(whole)
    overwritten(whole, start, b"\xa5" * length)
    found, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert result == expected
    assert (found.lost_messages, found.nameless, found.cut) == (0, 0, 0)


def test_pages_that_lead_to_others_lose_nothing(whole: Path, tmp_path: Path) -> None:
    expected = contents(whole)
    inner = [number for number, kind in pages_of(whole) if kind == 5]
    assert inner
    for number in inner:
        overwritten(whole, (number - 1) * 4096, bytes(4096))
    _, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert result == expected


def test_any_one_page_loses_only_what_stood_on_it(whole: Path, tmp_path: Path) -> None:
    expected = contents(whole)
    data = whole.read_bytes()
    total = sum(len(each.messages) for each in expected.values())
    losses = []
    telling = (b"session ", b"so it is", b"assistantcomplete")
    for number, _ in pages_of(whole):
        page = data[(number - 1) * 4096 : number * 4096]
        if number % 6 and not any(each in page for each in telling):
            continue
        damaged = tmp_path / "damaged.sqlite3"
        damaged.write_bytes(data)
        overwritten(damaged, (number - 1) * 4096, bytes(4096))
        target = tmp_path / f"new-{number}.sqlite3"
        found, result = salvaged(damaged, target)
        target.unlink()
        assert sum(len(each.messages) for each in result.values()) == found.messages
        if not found.nameless:
            assert found.messages + found.lost_messages == total
        assert found.messages > total // 2
        assert found.turns + found.lost_turns == SESSIONS
        losses.append(found)
        kept = {each.id: each for session in expected.values() for each in session.messages}
        for session in result.values():
            for each in session.messages:
                if not found.cut and kept[each.id].model:
                    assert each.message == kept[each.id].message
    for what in ("lost_messages", "cut", "orphans", "nameless", "lost_turns", "lost_votes"):
        assert any(getattr(found, what) for found in losses), what


def test_whatever_was_written_over_the_new_library_is_whole(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    for seed in range(12):
        chance = random.Random(seed)
        spoilt = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            start, length = chance.randrange(len(spoilt)), chance.choice((1, 100, 9_000))
            spoilt[start : start + length] = chance.randbytes(len(spoilt[start : start + length]))
        damaged, target = tmp_path / "damaged.sqlite3", tmp_path / f"new-{seed}.sqlite3"
        damaged.write_bytes(spoilt)
        found, result = salvaged(damaged, target)
        assert len(result) == found.sessions + found.nameless
        store = Store.open(target)
        assert len(store.turns()) == found.turns
        assert len(store.votes()) == found.votes
        for session in result:
            assert len(store.path(session)) <= len(result[session].messages)
        store.close()


def test_a_long_answer_whose_middle_is_lost_is_cut_and_said_so(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    at = data.index(b"many pages", data.index(LONG[:200].encode()) + 9_000)
    overwritten(whole, at // 4096 * 4096, bytes(4096))
    found, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert found.cut == 1
    (cut,) = [
        each
        for session in result.values()
        for each in session.messages
        if each.message.text.startswith(LONG[:200]) and each.message.text != LONG
    ]
    assert LONG.startswith(cut.message.text)
    assert cut.state == "interrupted"


def test_a_comparison_that_lost_an_answer_is_told_and_the_others_stay(
    whole: Path, tmp_path: Path
) -> None:
    expected = contents(whole)
    store = Store.open(whole)
    first = store.turns(min(row.id for row in store.sessions()))[0]
    store.close()
    with sqlite3.connect(whole) as connection:
        lost = "DELETE FROM turn_answers WHERE turn = (SELECT seq FROM turns WHERE id = ?)"
        connection.execute(f"{lost} AND place = 0", (first.id,))
    connection.close()
    found, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert (found.turns, found.lost_turns) == (SESSIONS - 1, 1)
    assert (found.votes, found.lost_votes) == (SESSIONS - 1, 1)
    assert [id_ for id_ in expected if result[id_] != expected[id_]] == [first.session]
    assert result[first.session].messages == expected[first.session].messages


def test_half_a_file_gives_half(whole: Path, tmp_path: Path) -> None:
    total = sum(len(each.messages) for each in contents(whole).values())
    with whole.open("r+b") as file:
        file.truncate(whole.stat().st_size // 2 + 1_000)
    with pytest.raises(G4tuiError, match="damaged"):
        Store.open(whole).check()
    found, result = salvaged(whole, tmp_path / "new.sqlite3")
    assert 0 < found.messages < total
    assert found.nameless + found.sessions == len(result)


def test_what_only_the_journal_has_is_found(library: Path, tmp_path: Path) -> None:
    """As a computer leaves it that stops while g4tui runs."""
    store = Store.open(library)
    session = store.create_session(title="in the journal").id
    store.add_message(session, None, Message("user", "hello"))
    stopped = tmp_path / "stopped.sqlite3"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{library}{suffix}", f"{stopped}{suffix}")
    store.close()
    overwritten(stopped, 0, b"\xa5" * 4096)
    found, result = salvaged(stopped, tmp_path / "new.sqlite3")
    assert (found.sessions, found.messages) == (1, 1)
    assert result[session].messages[0].message.text == "hello"


def test_a_session_that_lost_its_title_counts_as_private(whole: Path, tmp_path: Path) -> None:
    """Nobody can tell any more whether it was."""
    data = whole.read_bytes()
    for number, kind in list(pages_of(whole)):
        page = data[(number - 1) * 4096 : number * 4096]
        if kind == 13 and any(f"session {each}".encode() in page for each in range(SESSIONS)):
            overwritten(whole, (number - 1) * 4096, bytes(4096))
    found, _ = salvaged(whole, tmp_path / "new.sqlite3")
    assert found.nameless == SESSIONS
    assert found.messages == SESSIONS * MESSAGES
    store = Store.open(tmp_path / "new.sqlite3")
    assert all(row.private for row in store.sessions())
    store.close()


def test_the_new_library_takes_the_place_of_the_damaged_one(whole: Path, tmp_path: Path) -> None:
    expected = contents(whole)
    overwritten(whole, 0, b"\xa5" * 4096)
    before = whole.read_bytes()
    salvaged(whole, tmp_path / "new.sqlite3")
    done = restore(tmp_path / "new.sqlite3", whole)
    assert done.kept is not None
    assert done.kept.parent.parent.name == "damaged", "it is no backup"
    assert done.kept.read_bytes() == before
    assert contents(whole) == expected


@pytest.mark.parametrize(
    "data", [b"\xff" * 8192, b"", b"SQLite format 3\0" + bytes(9_000)], ids=["ff", "empty", "zeros"]
)
def test_of_rubbish_no_library_is_made(library: Path, tmp_path: Path, data: bytes) -> None:
    library.parent.mkdir()
    library.write_bytes(data)
    with pytest.raises(G4tuiError) as raised:
        salvage(library, tmp_path / "salvaged.sqlite3")
    assert raised.value.info.kind == "storage"
    assert raised.value.info.remedy
    assert list(tmp_path.glob("*salvage*")) == []


def test_a_newer_library_is_not_salvaged(whole: Path, tmp_path: Path) -> None:
    overwritten(whole, 60, (999).to_bytes(4, "big"))
    with pytest.raises(G4tuiError, match="newer g4tui"):
        salvage(whole, tmp_path / "salvaged.sqlite3")


def test_nothing_is_written_over(whole: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    with pytest.raises(G4tuiError, match="replace"):
        salvage(whole, target)
    assert target.read_text() == "mine"
