"""What was typed goes along from the chat to the compare screen and back, and is never lost."""

from pathlib import Path
from typing import Any

from support.chat_app import Driven, driven_chat
from support.compare_screen import STUDENT, Comparison, compare_rooms, comparing
from support.rooms import Rooms


def two(home: Path, **named: Any) -> Rooms:
    return compare_rooms(home, {"teacher": ["I teach."], "student": ["I learn."]}, **named)


async def back(ui: Comparison) -> None:
    await ui.press("ctrl+t")
    await ui.until(lambda: ui.app.screen is ui.chat)


async def test_what_was_typed_is_carried_both_ways(home: Path) -> None:
    async with driven_chat(two(home), model=STUDENT) as chat:
        await chat.type("Who are")
        await chat.press("ctrl+t")
        ui = Comparison(chat.app, chat.pilot, chat.rooms)
        await ui.sees("Compare", "Who are")
        prompt = ui.screen.prompt_box.prompt
        await ui.until(lambda: prompt.has_focus and prompt.text == "Who are")
        await ui.type(" you")
        await back(ui)
        assert ui.chat.prompt_box.prompt.text == "Who are you"
        await ui.until(lambda: ui.chat.prompt_box.prompt.has_focus)
        await ui.press("ctrl+t")
        await ui.until(lambda: prompt.text == "Who are you" and bool(ui.screen.comparing.models))
        await ui.press("enter")
        await ui.done()
        await back(ui)
        assert ui.chat.prompt_box.is_empty


async def test_a_big_paste_goes_along(home: Path) -> None:
    async with comparing(two(home)) as ui:
        ui.screen.prompt_box.attach("word " * 2000)
        await ui.type("Sum it up")
        await back(ui)
        assert ui.chat.prompt_box.prompt.text == "Sum it up"
        assert [len(each.text) for each in ui.chat.prompt_box.attachments] == [10_000]
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.screen.prompt_box.attachments != ())
        assert ui.chat.prompt_box.is_empty


async def test_the_edit_of_a_message_stays_in_the_chat(home: Path) -> None:
    async with comparing(two(home)) as ui:
        await ui.put("Who?")
        await ui.done()
        await back(ui)
        await ui.to_transcript()
        await ui.press("e")
        await ui.sees("Editing")
        await ui.type("!")
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.screen)
        assert ui.screen.prompt_box.is_empty
        await back(ui)
        await ui.sees("Editing", "Who?!")


async def typed(ui: Driven, text: str) -> None:
    """Type, and wait until it is on the disk."""
    await ui.type(text)
    file = ui.rooms.paths.data / "drafts.json"
    await ui.until(lambda: file.exists() and text in file.read_text())


async def test_what_was_typed_while_comparing_is_there_after_a_restart(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Who?")
        await ui.done()
        session = ui.chat.conversation.id or ""
        ui.screen.prompt_box.prompt.focus()
        await typed(ui, "And then")
    rooms.store.close()
    rooms = two(home)
    async with comparing(rooms, session=session) as ui:
        await ui.until(lambda: ui.screen.prompt_box.prompt.text == "And then")
        await ui.press("enter")
        await ui.done(2)
        await ui.chat.drafts.save()
        assert "And then" not in (rooms.paths.data / "drafts.json").read_text()
    rooms.store.close()


async def test_a_new_comparison_leaves_the_draft_with_its_chat(home: Path) -> None:
    async with comparing(two(home)) as ui:
        await ui.put("Who?")
        await ui.done()
        session = ui.chat.conversation.id or ""
        await ui.type("For later")
        await ui.press("ctrl+n")
        await ui.sees("· New chat")
        await ui.until(lambda: ui.screen.prompt_box.is_empty)
        assert ui.chat.drafts._drafts is not None
        draft = ui.chat.drafts._drafts.take(session)
        assert draft is not None and draft.text == "For later"


async def test_a_file_that_is_named_goes_along_with_the_question(
    home: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Ships sail.")
    async with comparing(two(home)) as ui:
        await ui.put(f"Sum up @{notes} ")
        await ui.done()
        for model in ("teacher", "student"):
            assert "Ships sail." in ui.models.prompts[model][-1].messages[-1].content
