"""What may be sent where, when models are compared."""

from pathlib import Path

from support.compare_screen import STUDENT, comparing, two
from support.screen_host import shown


async def test_a_host_is_asked_for_once_and_no_leaves_everything_unsent(home: Path) -> None:
    rooms = two(home, sent_to="api.example.org")
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.sees("Send this chat to api.example.org?", "1 message", "tokens")
        await ui.press("n")
        await ui.until(lambda: ui.screen.prompt_box.prompt.text == "Well?")
        assert ui.models.asked == [] and rooms.store.sessions() == []
        await ui.press("enter")
        await ui.sees("Send this chat to api.example.org?")
        await ui.press("y")
        await ui.done(1)
        await ui.put("More?")
        await ui.done(2)


async def test_a_private_chat_is_never_sent(home: Path) -> None:
    rooms = two(home, sent_to="api.example.org")
    session = rooms.store.create_session(model=STUDENT, private=True, title="Mine").id
    async with comparing(rooms, session=session) as ui:
        await ui.until(lambda: "private" in shown(ui.app).split("\n")[0])
        await ui.put("Well?")
        await ui.toast("This chat is private")
        assert ui.models.asked == [] and ui.screen.prompt_box.prompt.text == "Well?"


async def test_consent_ends_where_a_chat_becomes_private(home: Path) -> None:
    rooms = two(home, sent_to="api.example.org")
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.sees("Send this chat to api.example.org?")
        await ui.press("y")
        await ui.done(1)
        asked = len(ui.models.asked)
        (session,) = rooms.store.sessions()
        rooms.store.update_session(session.id, private=True)
        await ui.put("My secret")
        await ui.sees("This session is private")
        assert ui.models.asked[asked:] == []
