"""What sides are called: their models' names can be read, and two that are alike be told apart."""

from pathlib import Path

import pytest

from g4tui.core import Message
from g4tui.store import Asked
from g4tui.tui.words import model_labels, short_model
from support.compare_screen import STUDENT, comparing, two

LONG = "scripted:/home/ada/models/of/some/very/long/folder/pet.Q4_1.gguf"


@pytest.mark.parametrize(
    ("words", "room", "short"),
    [
        ("teacher  openai@x:/a/b/pet.gguf", 31, "teacher  openai@x:/a/b/pet.gguf"),
        ("teacher  openai@x:/a/b/pet.gguf", 30, "teacher  openai@x:…/pet.gguf"),
        ("teacher  openai@x:/a/b/pet.gguf", 22, "teacher  openai@x:pet"),
        ("teacher  openai@x:/a/b/pet.gguf", 20, "teacher  pet"),
        ("llama-cpp:/a/base.gguf+/b/own.gguf", 33, "llama-cpp:…/base.gguf+…/own.gguf"),
        ("llama-cpp:/a/base.gguf+/b/own.gguf", 9, "base+own"),
        ("student  llama-cpp:smollm2-135m-instruct", 20, "student  smoll…truct"),
        ("Answer A", 3, "A…A"),
        ("Answer A", 0, "…"),
    ],
)
def test_a_name_is_shortened_where_it_says_least(words: str, room: int, short: str) -> None:
    assert short_model(words, room) == short


def test_models_of_one_name_have_labels_of_their_own() -> None:
    assert model_labels(["a:/x/pet.gguf", "b:cat"]) == {"a:/x/pet.gguf": "pet", "b:cat": "cat"}
    alike = ["a:/x/pet.gguf", "b:pet", "a:/y/pet.gguf", "b:cat"]
    assert list(model_labels(alike).values()) == ["a:/x/pet.gguf", "b:pet", "a:/y/pet.gguf", "cat"]


@pytest.mark.parametrize("size", [(120, 24), (80, 24)])
async def test_a_long_path_leaves_the_name_to_be_read(home: Path, size: tuple[int, int]) -> None:
    async with comparing(two(home), size=size) as ui:
        await ui.screen.comparing.use([LONG, STUDENT])
        seen = await ui.sees("teacher  ", "pet", "student  scripted:student")
        assert "/home/ada" not in seen
        await ui.pilot.resize_terminal(200, 24)
        await ui.sees(f"teacher  {LONG}")


async def test_of_two_that_are_alike_it_is_said_which(home: Path) -> None:
    rooms = two(home)
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, STUDENT), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    for answer in turn.answers:
        store.finish_answer(answer, "complete", "So.")
    async with comparing(rooms, session=session) as ui:
        await ui.press("escape", "right", "f")
        await ui.toast("The next question goes on from the student (student).")
        await ui.press("c")
        await ui.sees("What the student (student) should have answered")


async def test_blind_says_what_it_is_about(home: Path) -> None:
    async with comparing(two(home)) as ui:
        await ui.sees("Compare, blind off ·", "teacher  scripted:teacher")
        await ui.press("ctrl+b")
        seen = await ui.sees("Compare, blind ·", "Answer A", "Answer B", "who, after your vote")
        assert "teacher" not in seen and "student" not in seen
        await ui.press("ctrl+b")
        await ui.sees("blind off ·", "teacher  scripted:teacher", "student answers here")
        await ui.put("Well?")
        await ui.done()
        await ui.press("ctrl+b")
        await ui.sees("Compare, blind from the next question ·", "teacher  scripted:teacher")
        await ui.put("And?")
        await ui.done(2)
        await ui.sees("Compare, blind ·", "Answer A")
        await ui.press("ctrl+b")
        await ui.sees("Compare, blind off from the next question ·", "Answer A")
