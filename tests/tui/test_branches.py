"""Branches of a chat: other answers, forks, the tree, stars, parts of an answer."""

from pathlib import Path

import pytest
from textual.widgets import Input, Select, Tree

from g4tui.core import Message
from support.chat_app import MODEL, driven_chat
from support.rooms import Rooms

CODE = "Two ways:\n\n```python\nprint(1)\n```\n\nor\n\n```sh\necho 1\n```\n"


async def test_an_answer_is_asked_for_again_with_other_parameters(rooms: Rooms) -> None:
    rooms.backend.answers = ["First.", "Second."]
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("R")
        await ui.sees("Regenerate with", "scripted:parrot")
        ui.app.screen.query_one("#temperature", Input).value = "0.5"
        ui.app.screen.query_one("#seed", Input).value = "7"
        await ui.press("ctrl+s")
        await ui.sees("Second.", "< 2/2 >")
        answer = (await ui.answered(2))[-1]
        assert (answer.params.temperature, answer.params.seed) == (0.5, 7)
        assert rooms.store.sessions()[0].params.temperature is None


async def test_keys_that_have_nothing_to_do_say_so(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("left")
        await ui.toast("This is the only version")
        await ui.press("g")
        await ui.toast("This answer is complete.")
        await ui.press("a")
        await ui.toast("Only an answer that was interrupted can be kept")
        await ui.press("k", "g")
        await ui.toast("Only an answer can be gone on with.")


async def test_the_dialog_offers_every_ready_model(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("R")
        await ui.sees("Regenerate with")
        box = ui.app.screen.query_one("#model", Select)
        ready = [model.id for model in await rooms.runtime.list_models() if model.ready]
        await ui.until(lambda: [value for _, value in box._options] == ready)


async def test_a_fork_is_a_chat_of_its_own(rooms: Rooms) -> None:
    rooms.backend.answers = ["Half.", "More.", "Elsewhere."]
    async with driven_chat(rooms) as ui:
        await ui.ask("One")
        await ui.answered(2)
        await ui.ask("Two")
        first = await ui.answered(4)
        await ui.to_transcript()
        await ui.press("k", "k", "f")
        await ui.until(lambda: len(rooms.store.sessions()) == 2)
        await ui.until(lambda: ui.chat.conversation.id != first[0].session)
        await ui.sees("Half.")
        assert "More." not in ui.chat.transcript.plain
        await ui.ask("Three")
        forked = await ui.answered(4)
        assert [row.message.text for row in forked] == ["One", "Half.", "Three", "Elsewhere."]
        assert [row.message.text for row in rooms.store.path(first[0].session)][-1] == "More."


async def test_the_tree_shows_all_versions_and_goes_to_one(rooms: Rooms) -> None:
    rooms.backend.answers = ["Red.", "Blue."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Colour?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("r")
        await ui.sees("Blue.", "< 2/2 >")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("b")
        await ui.sees("Branches", "You: Colour?", "1/2 parrot: Red.", "2/2 parrot: Blue.")
        tree = ui.app.screen.query_one(Tree)
        await ui.until(lambda: "Blue" in str(tree.cursor_node.label if tree.cursor_node else ""))
        await ui.press("up", "enter")
        await ui.sees("Red.", "< 1/2 >")
        assert ui.line[-1].message.text == "Red."


async def test_what_does_not_fit_in_the_tree_ends_in_an_ellipsis(rooms: Rooms) -> None:
    rooms.backend.answers = ["Red. " * 40, "Blue. " * 40]
    async with driven_chat(rooms, size=(90, 30)) as ui:
        await ui.ask("Colour? " * 40)
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("r")
        await ui.sees("< 2/2 >")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("b")
        seen = await ui.sees("You: Colour?", "1/2 parrot: Red.", "2/2 parrot: Blue.")
        lines = [line.strip(" │") for line in seen.splitlines() if ": " in line]
        assert len(lines) == 3 and all(line.endswith("…") for line in lines), seen


async def test_a_long_chat_is_one_level_of_the_tree(rooms: Rooms) -> None:
    session = rooms.store.create_session(model=MODEL, title="Long")
    parent = None
    with rooms.store.batch():
        for number in range(2_000):
            role = "assistant" if number % 2 else "user"
            message = Message(role, f"number {number}")
            parent = rooms.store.add_message(session.id, parent, message, model=MODEL).id
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.sees("number 1999")
        ui.chat.action_tree()
        await ui.sees("Branches", "number 1999")
        tree = ui.app.screen.query_one(Tree)
        await ui.until(lambda: tree.last_line == 1_999)
        await ui.press("home", "enter")
        await ui.sees("number 0")


async def test_a_star_is_kept_and_shown(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("s")
        await ui.sees("★")
        assert ui.line[-1].starred
        await ui.press("s")
        await ui.misses("★")
        assert not ui.line[-1].starred


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    async def copy_text(self: object, text: str) -> None:
        texts.append(text)

    monkeypatch.setattr("g4tui.tui.app.G4tuiApp.copy_text", copy_text)
    return texts


@pytest.mark.parametrize(
    ("keys", "expected"),
    [(["2"], "echo 1"), (["enter"], "print(1)"), (["0"], CODE)],
)
async def test_a_part_of_an_answer_is_copied(
    rooms: Rooms, copied: list[str], keys: list[str], expected: str
) -> None:
    rooms.backend.answers = [CODE]
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("Y")
        await ui.sees("Copy or save", "The whole message", "1  python", "2  sh")
        await ui.press(*keys)
        await ui.until(lambda: [text.strip() for text in copied] == [expected.strip()])


async def test_a_code_block_is_saved_and_no_file_is_overwritten(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code-1.py").write_text("mine")
    rooms.backend.answers = [CODE]
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        await ui.answered(2)
        await ui.to_transcript()
        await ui.press("Y", "ctrl+s")
        await ui.sees("Save to a file", "code-1-2.py")
        await ui.press("enter")
        await ui.toast("Saved to")
        assert (tmp_path / "code-1-2.py").read_text() == "print(1)\n"
        assert (tmp_path / "code-1.py").read_text() == "mine"
