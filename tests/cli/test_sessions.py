"""`g4tui sessions`: lists, shows, finds, renames, keeps house."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import ErrorInfo, Message, Usage
from g4tui.paths import Paths
from g4tui.store import Store
from support.command_line import Result, command
from support.terminal import Terminal

G4tui = Callable[..., Result]
HOSTILE = "evil \x1b]0;title\x07 \u202etext"


@pytest.fixture
def store(home: Path) -> Store:
    """An open library in the home."""
    paths = Paths.from_environment({"G4TUI_HOME": str(home)})
    store = Store.open(paths.database)
    yield store  # type: ignore[misc]
    store.close()


@pytest.fixture
def session(store: Store) -> str:
    """A question with two answers, the second one failed."""
    row = store.create_session(model="a:b", system="Be kind.")
    asked = store.add_message(row.id, None, Message("user", "Where is Kyoto?"))
    store.add_message(
        row.id,
        asked.id,
        Message("assistant", "In Japan.", reasoning="geography"),
        model="a:b",
        usage=Usage(prompt=5, completion=3),
        finish_reason="stop",
    )
    store.add_message(
        row.id,
        asked.id,
        Message("assistant", HOSTILE),
        model="c:d",
        state="failed",
        error=ErrorInfo("server", "It broke"),
    )
    return row.id


def test_a_list_has_the_promised_names(g4tui: G4tui, session: str) -> None:
    for arguments in (["sessions", "--json"], ["sessions", "list", "--json"]):
        code, out, err = g4tui(*arguments)
        assert (code, err) == (0, "")
        (row,) = json.loads(out)
        assert {"id", "title", "created", "updated", "model", "messages"} <= set(row)
        assert row["id"] == session
        assert row["messages"] == 3
    shown = g4tui("sessions").out
    assert session in shown
    assert "Where is Kyoto?" in shown


def test_a_session_is_shown_with_its_whole_tree(g4tui: G4tui, session: str) -> None:
    shown = json.loads(g4tui("sessions", "show", session, "--json").out)
    assert {"id", "title", "created", "head", "messages"} <= set(shown)
    question, good, bad = shown["messages"]
    names = "id parent role text reasoning state model params usage error starred created"
    assert all(set(names.split()) <= set(each) for each in shown["messages"])
    assert question["parent"] is None
    assert good["parent"] == bad["parent"] == question["id"]
    assert shown["head"] == bad["id"]
    assert good["reasoning"] == "geography"
    assert (good["usage"]["prompt"], good["usage"]["completion"]) == (5, 3)
    assert "type" not in good["usage"]
    assert bad["error"] == {"kind": "server", "title": "It broke", "detail": "", "remedy": ""}
    assert bad["text"] == HOSTILE, "scripts get the raw text"


def test_what_people_see_is_the_shown_branch_and_clean(g4tui: G4tui, session: str) -> None:
    out = g4tui("sessions", "show", session).out
    assert "Where is Kyoto?" in out
    assert "Be kind." in out
    assert "evil" in out
    assert "2/2" in out
    assert "It broke" in out
    assert "In Japan." not in out
    assert not set("\x1b\x07\u202e") & set(out)


def test_words_are_found(g4tui: G4tui, session: str) -> None:
    (hit,) = json.loads(g4tui("sessions", "search", "kyo", "--json").out)
    assert {"session", "message", "title", "snippet", "created"} <= set(hit)
    assert hit["session"] == session
    assert "Kyoto" in g4tui("sessions", "search", "where", "kyoto").out
    assert json.loads(g4tui("sessions", "search", 'no"where AND (', "--json").out) == []


def test_a_session_is_renamed(g4tui: G4tui, session: str) -> None:
    assert g4tui("sessions", "rename", session, "Travel \x1b[2J").code == 0
    assert "Travel" in g4tui("sessions").out
    assert "\x1b" not in g4tui("sessions").out
    assert g4tui("sessions", "rename", session, "").code == 0
    assert "Where is Kyoto?" in g4tui("sessions").out


def test_a_deleted_session_lies_in_the_bin_and_comes_back(g4tui: G4tui, session: str) -> None:
    assert f"g4tui sessions bin restore {session}" in g4tui("sessions", "delete", session).out
    assert json.loads(g4tui("sessions", "--json").out) == []
    (binned,) = json.loads(g4tui("sessions", "bin", "--json").out)
    assert binned["id"] == session
    assert binned["deleted"] > 0
    again = g4tui("sessions", "delete", session)
    assert again.code == 1
    assert "in the bin already" in again.err
    assert g4tui("sessions", "bin", "restore", session).code == 0
    assert json.loads(g4tui("sessions", "--json").out)[0]["id"] == session


def test_an_emptied_bin_keeps_nothing(g4tui: G4tui, session: str) -> None:
    g4tui("sessions", "delete", session)
    assert "for good: 0 sessions" in g4tui("sessions", "bin", "empty", "--days", "1").out
    assert g4tui("sessions", "bin", "empty").code == 0
    assert json.loads(g4tui("sessions", "bin", "list", "--json").out) == []
    assert g4tui("sessions", "bin", "restore", session).code == 1


def test_a_deleted_session_takes_its_cache_along(g4tui: G4tui, session: str, home: Path) -> None:
    cache = home / "cache" / "plugins" / "llama-cpp" / "conversations" / session
    cache.mkdir(parents=True)
    other = cache.with_name("other")
    other.mkdir()
    assert g4tui("sessions", "delete", "--forever", session).code == 0
    assert json.loads(g4tui("sessions", "bin", "--json").out) == []
    assert not cache.exists()
    assert other.exists()
    assert g4tui("sessions", "delete", session).code == 1


def test_sessions_are_forked_and_put_away(g4tui: G4tui, session: str) -> None:
    question = json.loads(g4tui("sessions", "show", session, "--json").out)["messages"][0]["id"]
    (forked,) = json.loads(g4tui("sessions", "fork", session, question, "--json").out)
    assert forked["messages"] == 1
    assert forked["id"] != session

    assert g4tui("sessions", "pin", session).code == 0
    assert json.loads(g4tui("sessions", "--json").out)[0]["id"] == session
    assert g4tui("sessions", "unpin", session).code == 0
    assert json.loads(g4tui("sessions", "--json").out)[0]["id"] == forked["id"]

    assert g4tui("sessions", "archive", session, forked["id"]).code == 0
    assert json.loads(g4tui("sessions", "--json").out) == []
    archived = json.loads(g4tui("sessions", "list", "--archived", "--json").out)
    assert {each["id"] for each in archived} == {session, forked["id"]}
    assert g4tui("sessions", "unarchive", session).code == 0
    assert [each["id"] for each in json.loads(g4tui("sessions", "--json").out)] == [session]
    assert len(json.loads(g4tui("sessions", "list", "--all", "--json").out)) == 2

    both = g4tui("sessions", "archive", session, "nobody")
    assert both.code == 1
    assert json.loads(g4tui("sessions", "--json").out), "all of them or none"


def test_tags_and_stars_are_found_by(g4tui: G4tui, session: str) -> None:
    assert "#trips" not in g4tui("sessions").out
    assert g4tui("sessions", "tag", session, "trips", "japan").code == 0
    assert "#trips" in g4tui("sessions").out
    assert len(json.loads(g4tui("sessions", "list", "--tag", "trips", "--json").out)) == 1
    assert json.loads(g4tui("sessions", "list", "--tag", "work", "--json").out) == []
    found = json.loads(g4tui("sessions", "search", "kyoto", "--tag", "japan", "--json").out)
    assert [hit["session"] for hit in found] == [session]
    assert g4tui("sessions", "untag", session, "japan").code == 0
    assert json.loads(g4tui("sessions", "search", "kyoto", "--tag", "japan", "--json").out) == []

    question = json.loads(g4tui("sessions", "show", session, "--json").out)["messages"][0]["id"]
    assert json.loads(g4tui("sessions", "search", "--starred", "--json").out) == []
    assert g4tui("sessions", "star", question).code == 0
    (hit,) = json.loads(g4tui("sessions", "search", "--starred", "--json").out)
    assert hit["message"] == question
    assert (
        json.loads(g4tui("sessions", "star", question, "--remove", "--json").out)["starred"]
        is False
    )


@pytest.mark.parametrize("words", [[], [""], ["!!!"], ["'", "*"]])
def test_a_search_without_a_word_or_a_filter_is_wrong_usage(
    g4tui: G4tui, session: str, words: list[str]
) -> None:
    code, out, err = g4tui("sessions", "search", *words)
    assert (code, out) == (2, "")
    assert "Give a word to look for" in err
    assert g4tui("sessions", "search", *words, "--until", "2000-01-01").out == (
        "Nothing was found.\n"
    )


def test_a_tag_that_a_session_has_not_cannot_be_taken(g4tui: G4tui, session: str) -> None:
    g4tui("sessions", "tag", session, "trips", "japan")
    code, out, err = g4tui("sessions", "untag", session, "trips", "jaapan")
    assert (code, out) == (1, "")
    assert "no tag jaapan" in err
    assert "Did you mean japan?" in err
    assert "#trips" in g4tui("sessions").out, "all of them or none"
    assert g4tui("sessions", "untag", session, " TRIPS ").code == 0


@pytest.mark.parametrize(
    "command", ["pin", "unpin", "archive", "unarchive", "tag", "untag", "rename"]
)
def test_what_is_in_the_bin_is_changed_once_it_is_back(
    g4tui: G4tui, store: Store, session: str, command: str
) -> None:
    other = store.create_session(title="other").id
    more = {"tag": ["trips"], "untag": ["trips"], "rename": ["title"]}.get(command, [])
    back = g4tui("sessions", "bin", "restore", session)
    assert back.code == 1
    assert "not in the bin" in back.err
    store.bin_session(session)
    before = store.session(session)
    code, out, err = g4tui("sessions", command, session, *(more or [other]))
    assert (code, out) == (1, "")
    assert f"g4tui sessions bin restore {session}" in err
    assert store.session(session) == before
    assert not store.session(other).pinned


def test_in_a_terminal_deleting_for_good_asks_first(g4tui: G4tui, session: str, process) -> None:  # type: ignore[no-untyped-def]
    line = command("sessions", "delete", "--forever", session)
    with Terminal(line, environment=process.environment) as terminal:
        terminal.wait_for("Delete")
        terminal.press("n", "enter")
        assert terminal.wait_exit() != 0
    assert len(json.loads(g4tui("sessions", "--json").out)) == 1
    with Terminal(line, environment=process.environment) as terminal:
        terminal.wait_for("Delete")
        terminal.press("y", "enter")
        assert terminal.wait_exit() == 0
    assert json.loads(g4tui("sessions", "--json").out) == []


def test_the_bin_empties_itself_after_30_days(g4tui: G4tui, store: Store, session: str) -> None:
    store.bin_session(session)
    assert len(json.loads(g4tui("sessions", "bin", "--json").out)) == 1
    with sqlite3.connect(store.file) as connection:
        connection.execute("UPDATE sessions SET deleted = deleted - 31 * 86400")
    connection.close()
    assert g4tui("sessions").code == 0
    assert json.loads(g4tui("sessions", "bin", "--json").out) == []


def test_a_library_of_some_age_is_backed_up_and_that_can_be_switched_off(
    g4tui: G4tui, store: Store, session: str
) -> None:
    with sqlite3.connect(store.file) as connection:
        connection.execute("UPDATE sessions SET created = created - 2 * 86400")
    connection.close()
    folder = store.file.parent / "backups"
    assert g4tui("config", "set", "library.backups", "false").code == 0
    assert g4tui("sessions").code == 0
    assert not folder.exists()
    assert g4tui("config", "set", "library.backups", "true").code == 0
    assert g4tui("sessions", "--json") == g4tui("sessions", "--json")
    (made,) = folder.glob("*.sqlite3")
    library = json.loads(g4tui("doctor", "--json").out)["library"]
    assert (library["backups"], library["backups_bytes"]) == (1, made.stat().st_size)
    assert library["newest_backup"] == pytest.approx(made.stat().st_mtime)


def test_a_backup_that_fails_changes_nothing_else(g4tui: G4tui, store: Store, session: str) -> None:
    with sqlite3.connect(store.file) as connection:
        connection.execute("UPDATE sessions SET created = created - 2 * 86400")
    connection.close()
    (store.file.parent / "backups").write_text("a file where the folder should be")
    code, out, err = g4tui("sessions", "--json")
    assert code == 0 and json.loads(out)[0]["id"] == session
    assert "daily backup of the library could not be made" in err
