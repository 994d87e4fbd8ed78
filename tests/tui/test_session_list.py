"""The sidebar, as a person meets it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from textual import events

from g4tui.core import Message
from g4tui.store import SessionRow, Store
from g4tui.tui.messages import (
    NewSessionAsked,
    SessionChosen,
    SessionDeleteAsked,
    SessionRenameAsked,
)
from g4tui.tui.widgets.session_list import SessionList
from support.rooms import until
from support.screen_host import ScreenHost, shown


class Host(ScreenHost):
    """Keeps what the list asks for."""

    def on_session_chosen(self, message: SessionChosen) -> None:
        self.posted.append(("open", message.session_id))

    def on_new_session_asked(self, _: NewSessionAsked) -> None:
        self.posted.append(("new",))

    def on_session_rename_asked(self, message: SessionRenameAsked) -> None:
        self.posted.append(("rename", message.session_id, message.title))

    def on_session_delete_asked(self, message: SessionDeleteAsked) -> None:
        self.posted.append(("delete", message.session.id))


@pytest.fixture
def row(home: Path) -> Iterator[Callable[..., SessionRow]]:
    """Real rows of a real store, as old as a test wants them."""
    store = Store.open(home / "library.sqlite3")

    def make(title: str, *, days: float = 0) -> SessionRow:
        session = store.create_session(title=title)
        return msgspec.structs.replace(session, updated=_local(days))

    yield make
    store.close()


def _local(days: float) -> float:
    """Local noon so many days ago."""
    noon = datetime.now().replace(hour=12, minute=0)
    return (noon - timedelta(days=days)).timestamp()


async def test_what_is_typed_at_once_after_slash_is_all_in_the_filter(
    row: Callable[..., SessionRow],
) -> None:
    sessions = SessionList(id="sessions")
    rows = [row("Words"), row("Trip to Kyoto")]
    app = Host(widget=sessions)
    async with app.run_test(size=(40, 20)) as pilot:
        sessions.show(rows, None)
        sessions.focus()
        await pilot.pause()
        for key in ("/", "r", "d", "s"):  # as fast as a terminal sends a burst
            app.post_message(events.Key("slash" if key == "/" else key, key))
        await pilot.pause()
        await until(lambda: sessions.filter.value == "rds")
        assert app.posted == []


async def test_chats_are_grouped_by_day_newest_first(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList(id="sessions")
    rows = [
        row("Laptop LLMs"),
        row("Trip to Kyoto", days=1),
        row("Regex help", days=5),
        row("Tax of 2019", days=400),
    ]
    async with Host(widget=sessions).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, rows[0].id)
        await pilot.pause()
        lines = [line.strip() for line in shown(pilot.app).splitlines() if line.strip()]
        assert lines == [
            "/ filter chats",
            "+ New chat",
            "Today",
            "▌› Laptop LLMs",
            "Yesterday",
            "Trip to Kyoto",
            "Previous 7 days",
            "Regex help",
            "Older",
            "Tax of 2019",
        ]


async def test_a_clock_set_back_does_not_hide_a_chat(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList()
    async with Host(widget=sessions).run_test(size=(30, 10)) as pilot:
        sessions.show([row("From tomorrow", days=-2)], None)
        await pilot.pause()
        assert shown(pilot.app).index("Today") < shown(pilot.app).index("From tomorrow")


async def test_enter_opens_and_the_first_row_begins_a_chat(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList()
    rows = [row("One"), row("Two")]
    async with (host := Host(widget=sessions)).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, rows[0].id)
        sessions.focus()
        await pilot.press("down", "enter", "home", "enter")
        assert host.posted == [("open", rows[1].id), ("new",)]


async def test_slash_filters_by_title_and_enter_opens_the_hit(
    row: Callable[..., SessionRow],
) -> None:
    sessions = SessionList()
    rows = [row("Regex help"), row("Trip to KYOTO"), row("Kyoto, the trip back")]
    async with (host := Host(widget=sessions)).run_test(size=(34, 20)) as pilot:
        sessions.show(rows, rows[0].id)
        sessions.focus()
        await pilot.press("/", *"trip kyo")
        text = shown(pilot.app)
        assert "Trip to KYOTO" in text and "the trip back" in text and "Regex" not in text
        await pilot.press("down", "enter")
        assert host.posted == [("open", rows[2].id)]
        assert "Regex help" in shown(pilot.app), "the filter is gone once it served"


async def test_a_filter_without_a_hit_says_so_and_escape_clears_it(
    row: Callable[..., SessionRow],
) -> None:
    sessions = SessionList()
    async with Host(widget=sessions).run_test(size=(40, 20)) as pilot:
        sessions.show([row("Regex help")], None)
        sessions.focus()
        await pilot.press("/", *"zzz")
        assert "No title has that." in shown(pilot.app)
        await pilot.press("escape")
        assert "Regex help" in shown(pilot.app)
        assert sessions.rows.has_focus


async def test_letters_act_on_the_row_but_not_in_the_filter(
    row: Callable[..., SessionRow],
) -> None:
    sessions = SessionList()
    rows = [row("Dinner"), row("Other")]
    async with (host := Host(widget=sessions)).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, rows[0].id)
        sessions.focus()
        await pilot.press("/", *"dr")
        assert host.posted == []
        await pilot.press("escape", "d", "f2")
        assert host.posted == [("delete", rows[0].id), ("rename", rows[0].id, "Dinner")]


async def test_the_cursor_stays_on_its_chat_when_the_order_changes(
    row: Callable[..., SessionRow],
) -> None:
    sessions = SessionList()
    one, two, three = row("One"), row("Two"), row("Three")
    async with (host := Host(widget=sessions)).run_test(size=(30, 20)) as pilot:
        sessions.show([one, two, three], one.id)
        sessions.focus()
        await pilot.press("down")
        sessions.show([three, one, two], one.id)
        await pilot.press("enter")
        sessions.show([three, one], one.id)
        await pilot.press("enter")
        assert host.posted[0] == ("open", two.id)
        assert host.posted[1] == ("open", one.id), "the deleted one's neighbour"


async def test_marks_of_chats_that_write_or_have_news(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList()
    rows = [row("Writing"), row("News"), row("Quiet")]
    async with Host(widget=sessions).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, rows[2].id)
        sessions.working, sessions.unread = {rows[0].id}, {rows[1].id}
        await pilot.pause()
        lines = {line.split()[0]: line for line in shown(pilot.app).splitlines() if line.strip()}
        assert lines["Writing"].rstrip().endswith("…")
        assert lines["News"].rstrip().endswith("•")


async def test_a_hostile_title_stays_one_harmless_line(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList()
    async with Host(widget=sessions).run_test(size=(60, 20)) as pilot:
        sessions.show([row("[bold]a\x1b]52;c;x\x07\nb\u202ec"), row("")], None)
        await pilot.pause()
        assert "[bold]a␛]52;c;x␇ b�c" in shown(pilot.app)


async def test_a_title_from_the_first_message_is_listed(home: Path) -> None:
    store = Store.open(home / "library.sqlite3")
    session = store.create_session()
    store.add_message(session.id, None, Message("user", "How tall is Mount Fuji?"))
    sessions = SessionList()
    async with Host(widget=sessions).run_test(size=(40, 20)) as pilot:
        sessions.show(store.sessions(), None)
        await pilot.pause()
        assert "How tall is Mount Fuji?" in shown(pilot.app)
    store.close()


async def test_thousands_of_chats_render_only_what_is_seen(row: Callable[..., SessionRow]) -> None:
    """The whole list is at hand, a page of it is drawn."""
    sessions, first = SessionList(), row("Chat")
    rows = [msgspec.structs.replace(first, id=f"s{n}", title=f"Chat {n}") for n in range(5000)]
    async with (host := Host(widget=sessions)).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, "s0")
        sessions.focus()
        await pilot.press("end", "enter")
        assert host.posted == [("open", "s4999")]
        assert "Chat 4999" in shown(pilot.app)
        assert len(list(sessions.walk_children())) < 20


async def test_a_click_opens(row: Callable[..., SessionRow]) -> None:
    sessions = SessionList()
    rows = [row("One"), row("Two")]
    async with (host := Host(widget=sessions)).run_test(size=(30, 20)) as pilot:
        sessions.show(rows, rows[0].id)
        await pilot.pause()
        line = next(i for i, line in enumerate(shown(pilot.app).splitlines()) if "Two" in line)
        await pilot.click(offset=(5, line))
        assert host.posted == [("open", rows[1].id)]
