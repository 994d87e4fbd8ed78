"""Personas, titles, files in and out, an editor and drafts, as a person meets them."""

import stat
from pathlib import Path

import pytest

from g4tui.attachments import MAX_BYTES
from g4tui.core import Attachment, Message
from g4tui.plugin import hookimpl
from g4tui.plugin.exchange import Exporter, Importer, Transcript, TranscriptMessage
from g4tui.testing import ScriptedBackend
from g4tui.tui.drafts import Draft, Drafts
from g4tui.tui.mentions import Mentioned, completed, with_mentioned
from g4tui.tui.titling import tidy
from support.chat_app import MODEL, driven_chat
from support.rooms import Rooms, make_rooms


class Upper(Exporter):
    name, title, suffix = "upper", "Upper case", ".up"

    def write(self, transcripts, out) -> None:  # type: ignore[no-untyped-def]
        for transcript in transcripts:
            for each in transcript.messages:
                out.write(each.message.text.upper().encode() + b"\n")


class Lines(Importer):
    name, title = "lines", "Lines"

    def recognises(self, file) -> bool:  # type: ignore[no-untyped-def]
        return True

    def read(self, file):  # type: ignore[no-untyped-def]
        for number, line in enumerate(file.read().decode().splitlines()):
            message = TranscriptMessage(str(number), None, Message("user", line))
            yield Transcript(line, (message,), origin=f"lines:{line}")


async def test_a_persona_answers_and_one_is_made_of_a_chat(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.press("f6")
        await ui.sees("Personas", "plain", "tutor", "Explains step by step")
        await ui.press("enter")
        await ui.toast("plain answers in this chat.")
        await ui.ask("How?")
        await ui.answered(2)
        assert rooms.backend.requests[-1].messages[0].text.startswith("Answer in plain words")
        assert rooms.backend.requests[-1].params.temperature == 0.4
        await ui.press("f6")
        await ui.sees("Personas")
        await ui.press("ctrl+s")
        await ui.sees("Name of the persona")
        await ui.type("mine")
        await ui.press("enter")
        await ui.toast("Saved to")
        await ui.press("f6")
        await ui.sees("mine")


async def test_the_model_writes_a_title(rooms: Rooms) -> None:
    rooms.backend.answers = ["Fuji is 3,776 m high.", '**Title: "Height of Mount Fuji"**\nYes.']
    async with driven_chat(rooms) as ui:
        await ui.ask("How tall is it?")
        await ui.answered(2)
        ui.chat.action_write_title()
        await ui.toast("Titled “Height of Mount Fuji”")
        assert rooms.store.sessions()[0].title == "Height of Mount Fuji"
        assert len(ui.line) == 2  # nothing was added to the chat


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("\n\n# A Title\nmore", "A Title"),
        ("“Quoted.”", "Quoted"),
        ("Title: Of it", "Of it"),
        ("word " * 40, "word " * 10 + "word…"),
        ("***\n\n", ""),
    ],
)
def test_a_title_is_one_line_without_marks(said: str, title: str) -> None:
    assert tidy(said) == title


@pytest.fixture
async def exchanging(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    @hookimpl
    def g4tui_register_exporters() -> list[Exporter]:
        return [Upper()]

    @hookimpl
    def g4tui_register_importers() -> list[Importer]:
        return [Lines()]

    monkeypatch.chdir(tmp_path)
    hooks = (g4tui_register_exporters, g4tui_register_importers)
    made = make_rooms(home, ScriptedBackend(), **{hook.__name__: hook for hook in hooks})
    monkeypatch.setattr(made.plugins, "exporters", lambda: [Upper()])
    monkeypatch.setattr(made.plugins, "importers", lambda: [Lines()])
    yield made
    await made.runtime.close()
    made.store.close()


async def test_a_chat_is_exported_and_a_file_replaced_only_after_a_question(
    exchanging: Rooms, tmp_path: Path
) -> None:
    exchanging.backend.answers = ["loud"]
    async with driven_chat(exchanging) as ui:
        await ui.ask("quiet?")
        await ui.answered(2)
        await ui.press("f7")
        await ui.sees("Export this chat as", "Upper case")
        await ui.press("enter")
        await ui.sees("Export to", "quiet.up")
        await ui.press("enter")
        await ui.toast("Exported to")
        assert (tmp_path / "quiet.up").read_text() == "QUIET?\nLOUD\n"
        (tmp_path / "taken.up").write_text("mine")
        await ui.press("f7")
        await ui.sees("Export this chat as")
        await ui.press("enter")
        await ui.sees("Export to", "quiet-2.up")
        await ui.press("ctrl+u")
        await ui.type("taken.up")
        await ui.press("enter")
        await ui.sees("Replace the file?", "taken.up is there already")
        await ui.press("escape")
        await ui.sees("Export to", "taken.up")
        assert (tmp_path / "taken.up").read_text() == "mine"
        await ui.press("escape")
        await ui.misses("Export to")


async def test_a_path_that_cannot_be_written_can_be_mended(
    exchanging: Rooms, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    async with driven_chat(exchanging) as ui:
        await ui.ask("quiet?")
        await ui.answered(2)
        await ui.press("f7")
        await ui.sees("Export this chat as")
        await ui.press("enter")
        await ui.sees("Export to", "quiet.up")
        await ui.press("ctrl+u")
        await ui.type("file/deep/talk.up")
        await ui.press("enter")
        await ui.sees("The file could not be written", "file/deep/talk.up", "choose another")
        await ui.press("home")
        await ui.type("no-")
        await ui.press("enter")
        await ui.toast("Exported to")
        assert (tmp_path / "no-file" / "deep" / "talk.up").read_text().startswith("QUIET?")
        await ui.press("f7")
        await ui.sees("Export this chat as")
        await ui.press("enter")
        await ui.sees("Export to", "quiet.up")
        await ui.press("ctrl+u")
        await ui.type("folder")
        await ui.press("enter")
        await ui.until((tmp_path / "folder" / "quiet.up").exists)


async def test_tags_that_are_none_can_be_mended(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("quiet?")
        await ui.answered(2)
        ui.chat.action_tag()
        await ui.sees("work, recipes")
        await ui.type("x" * 41)
        await ui.press("enter")
        await ui.sees("This is no tag", "x" * 41)
        await ui.press("backspace", "enter")
        await ui.misses("This is no tag")
        assert rooms.store.sessions()[0].tags == ("x" * 40,)


async def test_a_private_chat_is_not_exported(exchanging: Rooms) -> None:
    session = exchanging.store.create_session(model=MODEL, title="Secret", private=True)
    exchanging.store.add_message(session.id, None, Message("user", "psst"))
    async with driven_chat(exchanging, session=session.id) as ui:
        await ui.sees("psst")
        await ui.press("f7")
        await ui.toast("This chat is private: it is never exported.")


async def test_chats_are_imported_once(exchanging: Rooms, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("first\nsecond\n")
    async with driven_chat(exchanging) as ui:
        for told in ("2 chats imported.", "0 chats imported; 2 here already."):
            ui.chat.action_import_file()
            await ui.sees("Import from", "Formats: Lines")
            await ui.type("old.txt")
            await ui.press("enter")
            await ui.toast(told)
        await ui.sees("first", "second")
        assert len(exchanging.store.sessions()) == 2
        ui.chat.action_import_file()
        await ui.sees("Import from")
        await ui.type("odl.txt")
        await ui.press("enter")
        await ui.sees("The file cannot be imported", "is not there", "odl.txt")


# @path


def test_files_that_a_prompt_names_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "two words.md").write_text("words")
    said = with_mentioned('see @notes.txt, and @"two words.md" a@notes.txt @nobody', ())
    files = (Attachment("notes.txt", "notes"), Attachment("two words.md", "words"))
    assert said == Mentioned(files, ())
    assert with_mentioned("@notes.txt", files) == said
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "notes.txt").write_text("old notes")
    both = with_mentioned("@notes.txt @old/notes.txt @notes.txt @old/notes.txt", ()).attachments
    assert both == (files[0], Attachment("old/notes.txt", "old notes"))
    missed = with_mentioned('@old/note.txt. @old/ @"no such" @~nobody/x @gone.txt, @x', ()).missed
    assert missed == ("old/note.txt", "old/", "no such", "~nobody/x", "gone.txt")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0\xff", "binary data"),
        ("words".encode("utf-16"), "UTF-16"),
        ("wörds".encode("latin-1"), "another encoding"),
        (b"x" * (MAX_BYTES + 1), "more than 2 MB"),
    ],
)
async def test_a_file_that_cannot_go_with_it_is_told_and_nothing_is_sent(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(data)
    async with driven_chat(rooms) as ui:
        await ui.ask("look at @file please")
        await ui.toast(told)
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "look at @file please")
        assert rooms.store.sessions() == []


async def test_a_path_that_is_no_file_goes_as_words_and_that_is_told(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("look at @no/such.txt")
        await ui.toast("No file, only words: @no/such.txt")
        await ui.answered(2)


def test_a_path_is_completed_as_far_as_it_is_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("readme.md", "recipe.toml", "with space.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("x")
    assert completed("look at @re") == (3, "@re", ("readme.md", "recipe.toml"))
    assert completed("@rea") == (4, "@readme.md ", ())
    assert completed("@s") == (2, "@src/", ())
    assert completed("@src/") == (5, "@src/main.py ", ())
    assert completed("@wi") == (3, '@"with space.txt" ', ())
    assert completed("@zzz") is None and completed("a word") is None


async def test_tab_completes_and_the_file_is_sent(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "readme.md").write_text("the text of it")
    (tmp_path / "recipe.toml").write_text("x")
    async with driven_chat(rooms) as ui:
        ui.chat.prompt_box.prompt.focus()
        await ui.type("sum up @r")
        await ui.press("tab")
        await ui.sees("readme.md   recipe.toml")
        await ui.type("a")
        await ui.press("tab")
        await ui.sees("sum up @readme.md")
        await ui.press("enter")
        await ui.answered(2)
        assert ui.line[0].message.attachments == (Attachment("readme.md", "the text of it"),)


async def test_a_file_that_is_no_text_keeps_the_prompt(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\0")
    async with driven_chat(rooms) as ui:
        await ui.ask("see @photo.jpg")
        await ui.toast("not UTF-8")
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "see @photo.jpg")
        assert rooms.store.sessions() == []


# Drafts


def test_drafts_survive_and_a_damaged_file_is_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "drafts.json"
    drafts = Drafts(file)
    drafts.keep("a", Draft("text", (Attachment("x", "y"),)))
    drafts.keep("b", Draft(" \n"))
    drafts.save()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = Drafts(file)
    again.load()
    assert again.take("a") == Draft("text", (Attachment("x", "y"),))
    assert again.take("b") is None
    file.write_text("{broken")
    again = Drafts(file)
    again.load()
    assert again.take("a") is None


async def test_each_chat_has_its_draft_and_a_restart_brings_it_back(rooms: Rooms) -> None:
    session = rooms.store.create_session(model=MODEL, title="Old")
    rooms.store.add_message(session.id, None, Message("user", "what was said"))
    async with driven_chat(rooms) as ui:
        prompt = ui.chat.prompt_box.prompt
        prompt.focus()
        await ui.type("for a new chat")
        from g4tui.tui.messages import SessionChosen

        ui.chat.post_message(SessionChosen(session.id))
        await ui.sees("what was said")
        await ui.until(lambda: prompt.text == "")
        await ui.type("for the old one")
        await ui.press("ctrl+n")
        await ui.until(lambda: prompt.text == "for a new chat")
        await ui.chat.drafts.save()
    async with driven_chat(rooms) as ui:
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "for a new chat")
        await ui.press("enter")
        await ui.answered(2)
        await ui.chat.drafts.save()
    async with driven_chat(rooms, session=session.id) as ui:
        await ui.until(lambda: ui.chat.prompt_box.prompt.text == "for the old one")
