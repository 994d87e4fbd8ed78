"""Typing, pasting, sending; and what is asked before words leave this machine."""

import pytest
from textual import events

from g4tui.core import Message
from g4tui.tui.history import PromptHistory
from g4tui.tui.messages import SessionChosen
from support.chat_app import MODEL, Driven, driven_chat
from support.rooms import Rooms


def rows_of_prompt(ui: Driven) -> int:
    return ui.chat.prompt_box.prompt.size.height


async def paste(ui: Driven, text: str) -> None:
    ui.app.post_message(events.Paste(text))
    await ui.pilot.pause()


async def test_the_prompt_grows_to_eight_rows_and_shrinks_again(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        assert rows_of_prompt(ui) == 1
        await ui.type("one")
        await ui.press("ctrl+j")
        await ui.type("two")
        await ui.until(lambda: rows_of_prompt(ui) == 2)
        await ui.press(*["ctrl+j"] * 20)
        await ui.until(lambda: rows_of_prompt(ui) == 8)
        await ui.press("ctrl+c")
        await ui.until(lambda: rows_of_prompt(ui) == 1)


async def test_several_lines_are_one_message(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.type("one")
        await ui.press("ctrl+j")
        await ui.type("two")
        await ui.press("enter")
        line = await ui.answered(2)
        assert line[0].message.text == "one\ntwo"


async def test_nothing_is_sent_for_an_empty_prompt(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.press("enter")
        await ui.type("  ")
        await ui.press("ctrl+j", "enter")
        assert rooms.store.sessions() == []


async def test_up_and_down_walk_earlier_prompts(rooms: Rooms) -> None:
    session = rooms.store.create_session()
    rooms.store.add_message(session.id, None, Message("user", "from another day"))
    async with driven_chat(rooms) as ui:
        await ui.ask("first")
        await ui.answered(2)
        await ui.ask("second")
        await ui.answered(4)
        prompt = ui.chat.prompt_box.prompt
        for key, text in (
            ("up", "second"),
            ("up", "first"),
            ("up", "from another day"),
            ("up", "from another day"),
            ("down", "first"),
            ("down", "second"),
            ("down", ""),
        ):
            await ui.press(key)
            assert prompt.text == text
        await ui.type("typed")
        await ui.press("up")
        assert prompt.text == "typed", "it is no history where something was typed"


async def test_a_big_paste_is_a_chip_and_is_sent_whole(rooms: Rooms) -> None:
    text = "a line of a log that somebody pastes\n" * 140_000
    assert len(text) > 5_000_000
    async with driven_chat(rooms) as ui:
        await paste(ui, text)
        await ui.sees("▤ pasted-1.txt 5.2 MB")
        assert ui.chat.prompt_box.prompt.text == ""
        await ui.type("What is wrong?")
        await ui.press("enter")
        await ui.sees("▤ pasted-1.txt", "What is wrong?")
        line = await ui.answered(2)
        (attachment,) = line[0].message.attachments
        assert attachment.text == text


async def test_backspace_at_the_start_takes_a_chip_away(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await paste(ui, "x" * 10_000)
        await paste(ui, "y" * 10_000)
        await ui.sees("pasted-1.txt", "pasted-2.txt", "Backspace")
        await ui.press("backspace")
        await ui.misses("pasted-2.txt")
        await ui.press("backspace")
        await ui.misses("pasted-1.txt")


async def test_a_small_paste_is_typed_and_drawn_cleanly(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await paste(ui, "rm \u202egpj.\x1b[31m\r\nnext")
        seen = await ui.sees("rm \ufffdgpj.␛[31m", "next")
        assert "\u202e" not in seen and "\x1b" not in seen
        await ui.press("enter")
        line = await ui.answered(2)
        assert line[0].message.text == "rm \u202egpj.\x1b[31m\nnext", "what was pasted is sent"
        assert "\u202e" not in ui.shown and "\x1b" not in ui.shown


async def test_the_newest_text_is_one_key_away_from_an_empty_prompt(rooms: Rooms) -> None:
    rooms.backend.answers = ["word\n\n" * 100]
    async with driven_chat(rooms) as ui:
        await ui.ask("Much")
        await ui.answered(2)
        await ui.press("pageup", "pageup")
        transcript = ui.chat.transcript
        assert transcript.scroll_offset.y < transcript.max_scroll_y
        await ui.press("end")
        await ui.until(lambda: transcript.scroll_offset.y == transcript.max_scroll_y)


async def test_keys_can_be_mapped_anew(rooms: Rooms) -> None:
    import msgspec

    keys = {"prompt.send": "ctrl+s", "prompt.newline": "enter", "chat.new": "ctrl+l"}
    rooms.settings = msgspec.structs.replace(rooms.settings, keys=keys)
    async with driven_chat(rooms) as ui:
        await ui.sees("^s Send", "^l New chat")
        await ui.type("one")
        await ui.press("enter")
        await ui.type("two")
        await ui.press("ctrl+s")
        assert (await ui.answered(2))[0].message.text == "one\ntwo"
        await ui.press("ctrl+l")
        await ui.sees("Ask something")


@pytest.mark.parametrize("answer", ["y", "escape"])
async def test_words_leave_this_machine_only_after_a_question(rooms: Rooms, answer: str) -> None:
    rooms.backend.sent_to = "api.example.org"
    async with driven_chat(rooms) as ui:
        await ui.sees("api.example.org")
        await ui.ask("A secret plan")
        await ui.sees("Send this chat to api.example.org?", "1 message", "tokens")
        assert rooms.backend.requests == []
        await ui.press(answer)
        if answer == "escape":
            await ui.misses("Send this chat")
            await ui.until(lambda: ui.chat.prompt_box.prompt.text == "A secret plan")
            assert rooms.backend.requests == [] and rooms.store.sessions() == []
            return
        await ui.answered(2)
        await ui.ask("More of it")
        await ui.answered(4)
        assert len(rooms.backend.requests) == 2, "it asks once for a chat"
        await ui.press("ctrl+n")
        await ui.ask("Another")
        await ui.sees("Send this chat to api.example.org?")
        await ui.press("escape")


async def test_a_private_chat_is_never_sent(rooms: Rooms) -> None:
    session = rooms.store.create_session(model=MODEL, private=True)
    rooms.backend.sent_to = "api.example.org"
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.until(lambda: ui.chat.conversation.id == session.id)
        await ui.ask("Hello")
        await ui.toast("This chat is private")
        assert rooms.backend.requests == []
        assert ui.chat.prompt_box.prompt.text == "Hello"


async def test_what_a_private_chat_did_not_send_stays_with_it(rooms: Rooms) -> None:
    session = rooms.store.create_session(model=MODEL, private=True)
    rooms.backend.sent_to = "api.example.org"
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.until(lambda: ui.chat.conversation.id == session.id)
        await ui.ask("My secret")
        await ui.toast("This chat is private")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "My secret")
        await ui.press("ctrl+n")
        await ui.sees("Ask something")
        assert ui.chat.prompt_box.is_empty
        ui.chat.post_message(SessionChosen(session.id))
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "My secret")


async def test_a_question_refused_as_its_chat_is_left_stays_with_it(rooms: Rooms) -> None:
    private = rooms.store.create_session(model=MODEL, private=True, title="Mine")
    other = rooms.store.create_session(model=MODEL, title="Other")
    rooms.backend.sent_to = "api.example.org"
    async with driven_chat(rooms, session=private.id) as ui:
        await ui.until(lambda: ui.chat.conversation.id == private.id)
        async with ui.chat._sending:  # it is asked once the other chat is chosen
            await ui.ask("My secret")
            ui.chat.post_message(SessionChosen(other.id))
            await ui.pilot.pause()
        await ui.toast("This chat is private")
        await ui.until(lambda: ui.chat.conversation.id == other.id)
        assert ui.chat.prompt_box.is_empty
        ui.chat.post_message(SessionChosen(private.id))
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "My secret")


async def test_copying_says_where_the_text_went(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "linux")
    rooms.backend.answers = ["An **answer** with \x1b[31m and &#27; in it."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("y")
        await ui.toast("Saved to")
        (file,) = (rooms.paths.data / "copied").iterdir()
        assert file.read_text() == "An **answer** with ␛[31m and &#27; in it."


async def test_a_link_opens_only_after_its_address_was_shown(rooms: Rooms) -> None:
    rooms.backend.answers = ["See [the docs](https://example.org/docs)."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Where?")
        seen = await ui.sees("See the docs.")
        await ui.answered(2)
        row = next(y for y, line in enumerate(seen.splitlines()) if "See the docs" in line)
        column = seen.splitlines()[row].index("the docs") + 2
        await ui.pilot.click(offset=(column, row))
        await ui.sees("Open this address?", "https://example.org/docs")
        await ui.press("escape")
        await ui.misses("Open this address?")


async def test_the_mouse_selects_words_without_their_decoration(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.backend.answers = ["- one item here\n- and another"]
    async with driven_chat(rooms) as ui:
        await ui.ask("Hm")
        await ui.answered(2)
        copied: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copied.append)
        lines = ui.shown.splitlines()
        first = next(y for y, line in enumerate(lines) if "• one item" in line)
        left = lines[first].index("one item")
        await ui.pilot.mouse_down(offset=(left, first))
        await ui.pilot.hover(offset=(left + 7, first + 1))
        await ui.pilot.mouse_up(offset=(left + 7, first + 1))
        await ui.press("ctrl+c")
        assert copied == ["one item here\n• and anot"]


def test_prompts_of_other_days_are_older_however_late_they_are_read() -> None:
    asked = PromptHistory(["today"])
    assert asked.move(-1, "") == "today"
    asked.add_older(["a", "b", "a", "today", " "])
    walked = [asked.move(-1, ""), asked.move(-1, ""), asked.move(-1, "")]
    assert walked == ["a", "b", None]
    assert asked.move(2, "") == "today"
