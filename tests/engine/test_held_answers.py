"""What the library refuses for a while is held, and saved later."""

from collections.abc import Callable
from contextlib import aclosing

from g4tui.core import (
    G4tuiError,
    TextDelta,
)
from support.rooms import PARROT, Rooms, until

MakeRooms = Callable[..., Rooms]


def refusing(rooms: Rooms, *names: str) -> Callable[[], None]:
    """The library refuses these calls until the result is called, as under a lock."""
    real = {name: getattr(rooms.store, name) for name in names}

    def refuse(*args: object, **named: object) -> None:
        raise G4tuiError("storage", "The library is locked", "By another program.", "Wait.")

    for name in names:
        setattr(rooms.store, name, refuse)

    def again() -> None:
        for name, call in real.items():
            setattr(rooms.store, name, call)

    return again


async def test_a_library_that_refuses_for_a_moment_breaks_no_stream(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["word " * 40], delay_s=0.005)
    session = rooms.store.create_session()
    again = refusing(rooms, "flush_answer")
    answer = await rooms.ask(session.id, "Talk")
    again()
    assert (answer.state, answer.error) == ("complete", None)
    assert rooms.store.path(session.id)[-1].message.text == "word " * 40


async def test_an_answer_that_could_not_be_saved_is_saved_later_by_itself(
    rooms_with: MakeRooms,
) -> None:
    rooms = rooms_with(["all of it"])
    session = rooms.store.create_session()
    heard: list[str] = []
    rooms.chat.late.tell(lambda row: heard.append(row.message.text))
    again = refusing(rooms, "flush_answer", "finish_answer")
    answer = await rooms.ask(session.id, "Talk")
    assert answer.error is not None and "not saved yet" in answer.error.title
    assert answer.message.text == "all of it"
    assert rooms.store.path(session.id)[-1].message.text == ""
    again()
    await until(lambda: heard)
    saved = rooms.store.path(session.id)[-1]
    assert heard == [saved.message.text] == ["all of it"]
    assert (saved.state, saved.error) == ("complete", None)


async def test_the_next_turn_or_the_end_saves_what_was_held(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["first", "second", "third"])
    session = rooms.store.create_session()
    again = refusing(rooms, "finish_answer")
    await rooms.ask(session.id, "1")
    again()
    await rooms.ask(session.id, "2")
    assert [row.message.text for row in rooms.store.path(session.id)][1::2] == ["first", "second"]
    assert [m.text for m in rooms.backend.requests[-1].messages] == ["1", "first", "2"]
    again = refusing(rooms, "finish_answer")
    await rooms.ask(session.id, "3")
    again()
    await rooms.chat.late.close()
    assert rooms.store.path(session.id)[-1].message.text == "third"


async def test_what_is_left_while_the_library_refuses_is_held_too(rooms_with: MakeRooms) -> None:
    rooms = rooms_with(["word " * 100], delay_s=0.005)
    session = rooms.store.create_session()
    async with aclosing(rooms.chat.send(session.id, "Talk", spec=PARROT)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                again = refusing(rooms, "flush_answer", "finish_answer")
                break
    again()
    await rooms.chat.late.close()
    assert rooms.store.path(session.id)[-1].message.text.startswith("word")
