"""The ratings screen: bars from blind votes, and what is not counted."""

from g4tui.core import Message
from g4tui.store import Asked, Verdict
from g4tui.store.rows import State
from support.chat_app import driven_chat
from support.rooms import Rooms

STRONG, WEAK = "scripted:strong", "scripted:weak"


def vote(
    rooms: Rooms,
    verdict: Verdict,
    *,
    blind: bool = True,
    models: tuple[str, str] = (STRONG, WEAK),
    state: State = "complete",
) -> None:
    """One compared turn in a session of its own, the strong model at the left."""
    session = rooms.store.create_session().id
    asked = [Asked(None, model) for model in models]
    turn, _ = rooms.store.begin_compared(session, Message("user", "Go"), asked, blind=blind)
    for answer in turn.answers:
        rooms.store.finish_answer(answer, state, "Well.")
    rooms.store.vote(turn.id, verdict)


async def test_models_stand_in_their_order_with_bars(rooms: Rooms) -> None:
    verdicts: list[Verdict] = ["left"] * 7 + ["right", "tie", "both_bad"]
    for verdict in verdicts:
        vote(rooms, verdict)
    vote(rooms, "right", blind=False)
    vote(rooms, "both_bad", state="failed")
    async with driven_chat(rooms, size=(120, 40)) as ui:
        await ui.press("f4")
        seen = await ui.sees("9 votes in 9 chats", "7 won  1 lost  1 tied", "1 won  7 lost  1 tied")
        assert seen.index("strong") < seen.index("weak")
        assert "━" in seen and "●" in seen and "±" in seen
        assert "Both bad: strong and weak, 1 of 10 votes" in seen
        assert "1 vote not blind: not counted" in seen
        assert "1 vote on an answer that did not come to its end: not counted" in seen
        await ui.press("escape")
        await ui.misses("Ratings by blind votes")


async def test_models_of_one_name_are_told_apart_and_all_counts_fit(rooms: Rooms) -> None:
    vote(rooms, "left", models=("openai@local:/home/ada/models/pet.gguf", "llama-cpp:pet"))
    async with driven_chat(rooms, size=(80, 24)) as ui:
        await ui.press("f4")
        await ui.sees("openai@local:pet ", "llama-cpp:pet ", "1 won  0 lost  0 tied")


async def test_without_votes_it_says_how_to_give_some(rooms: Rooms) -> None:
    async with driven_chat(rooms, size=(80, 24)) as ui:
        await ui.press("ctrl+p")
        await ui.type("ratings")
        await ui.press("enter")
        await ui.sees("There are no blind votes yet.", "Ctrl+B there hides their names.")
