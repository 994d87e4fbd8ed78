"""Votes and blind turns on the compare screen, and what is told meanwhile."""

import sqlite3
from pathlib import Path

from g4tui.core import ErrorInfo, Failed, Finished, Message, TextDelta, Usage
from g4tui.store import Asked
from g4tui.tui.screens.help import keys_of
from support.chat_app import Steps
from support.compare_screen import (
    HINTS,
    LEARNS,
    STUDENT,
    TEACHER,
    TEACHES,
    Comparison,
    compare_rooms,
    comparing,
    saved_vote,
    two,
)
from support.rooms import Rooms


def voted(rooms: Rooms) -> tuple[str, ...]:
    """The models of the answers, left and right, and the verdict."""
    (vote,) = rooms.store.votes()
    models = [rooms.store.message(answer).model for answer in vote.shown]
    return (*models, vote.verdict)


async def test_a_vote_is_one_key(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        ui.screen.prompt_box.prompt.focus()
        await ui.press("1", "2")
        assert ui.screen.prompt_box.prompt.text == "12" and rooms.store.votes() == []
        ui.screen.action_show(0)
        await ui.sees("no vote yet")
        for key, verdict in [("1", "left"), ("2", "right"), ("3", "tie"), ("4", "both_bad")]:
            await ui.press(key)
            await ui.sees(f"vote: {verdict.replace('_', ' ')}")
            await ui.until(lambda: saved_vote(ui))
            assert voted(rooms) == (TEACHER, STUDENT, verdict)
            assert not rooms.store.votes()[0].blind


async def test_a_vote_can_be_changed_explained_and_taken_back(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("1")
        await ui.until(lambda: rooms.store.votes())
        await ui.press("3")
        await ui.until(lambda: voted(rooms)[-1] == "tie")
        await ui.sees("vote: tie")
        await ui.until(lambda: saved_vote(ui))
        await ui.press("w")
        await ui.sees("Why?")
        await ui.type("both say")
        await ui.press("ctrl+j")
        await ui.type("the same ")
        await ui.press("ctrl+j", "enter")
        await ui.until(lambda: rooms.store.votes()[0].reason == "both say\nthe same")
        await ui.sees("vote: tie (both say the same)")
        await ui.press("0")
        await ui.sees("no vote yet")
        assert rooms.store.votes() == []


async def test_there_is_no_vote_before_the_answers(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Well?")
        await ui.sees("answering")
        seen = ui.shown
        assert "Left better" not in seen
        ui.screen.action_show(0)
        await ui.press("1")
        for gate in ui.models.gates.values():
            gate.let(9)
        await ui.done()
        assert rooms.store.votes() == []


async def test_a_vote_on_a_locked_library_is_kept_and_written_later(home: Path) -> None:
    rooms = two(home, busy_s=0.05)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        lock = sqlite3.connect(rooms.paths.database, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        await ui.press("2")
        await ui.toast("your vote is kept")
        await ui.sees("vote: right, not saved yet")
        assert rooms.store.votes() == []
        lock.execute("ROLLBACK")
        lock.close()
        await ui.until(lambda: rooms.store.votes())
        assert voted(rooms) == (TEACHER, STUDENT, "right")
        await ui.misses("not saved yet")


async def test_answers_that_a_locked_library_refused_are_saved_later(home: Path) -> None:
    rooms = two(home, busy_s=0.05)
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Well?")
        await ui.until(lambda: rooms.store.turns() and ui.screen.comparing.compared)
        lock = sqlite3.connect(rooms.paths.database, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        for gate in ui.models.gates.values():
            gate.let(9)
        await ui.sees(TEACHES, LEARNS, "The end of this answer is not saved yet")
        lock.execute("ROLLBACK")
        lock.close()
        await ui.misses("not saved yet")
        states = {row.state for row in rooms.store.messages(rooms.store.turns()[0].answers)}
        assert states == {"complete"}
        await ui.sees(TEACHES, LEARNS, "41 tok/s")


async def blind(ui: Comparison, text: str = "Well?") -> None:
    """Switch to blind, ask, and wait for all."""
    await ui.press("ctrl+b")
    await ui.sees("Compare, blind ")
    await ui.put(text)


async def test_blind_hides_every_hint_until_the_vote(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.press("ctrl+b")
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Well?")
        ui.models.gates["student"].let(9)  # the quick one is done, the other has not begun
        await ui.until(
            lambda: "Answer B" in ui.shown and _states(rooms) == {"complete", "streaming"}
        )
        await ui.pilot.pause()
        seen = ui.shown
        assert "quick" not in seen and "first token" in seen
        assert not [hint for hint in HINTS if hint in seen], seen
        ui.models.gates["teacher"].let(9)
        await ui.done()
        seen = await ui.sees(TEACHES, LEARNS, "Answer A", "Answer B")
        assert not [hint for hint in HINTS if hint in seen], seen
        left = TEACHER if TEACHES in ui.pane(0) else STUDENT
        await ui.press("1")
        await ui.sees("teacher  scripted:teacher", "student  scripted:student", "41 tok/s")
        await ui.sees("vote: left, blind")
        (vote,) = rooms.store.votes()
        assert vote.blind and voted(rooms)[0] == left


def _states(rooms: Rooms) -> set[str]:
    turns = rooms.store.turns()
    return {rooms.store.message(each).state for each in turns[0].answers} if turns else set()


async def test_blind_colours_are_the_same_on_both_sides(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["Same."], "student": ["Same."]})
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        looks = []
        for pane in ui.screen.panes[:2]:
            strips = [
                row.strip
                for entry in pane.transcript.entries
                for row in pane.transcript.rows_of(entry)
            ]
            looks.append([[str(segment.style) for segment in strip] for strip in strips])
        assert looks[0] == looks[1]


async def test_blind_sides_are_shuffled_each_turn(home: Path) -> None:
    rooms = two(home)
    places = set()
    async with comparing(rooms) as ui:
        await ui.press("ctrl+b")
        for turn in range(1, 13):
            await ui.put(f"Question {turn}")
            await ui.done(turn)
            places.add(rooms.store.message(rooms.store.turns()[-1].shown[0]).model)
            if len(places) == 2:
                break
    assert places == {TEACHER, STUDENT}


async def test_blind_models_are_asked_on_one_history(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done(1)
        chosen = TEACHES if TEACHES in ui.pane(1) else LEARNS
        await ui.press("2")
        await ui.until(lambda: rooms.store.votes())
        await ui.put("And then?")
        await ui.done(2)
        for model in ("teacher", "student"):
            said = [message.text for message in ui.models.prompts[model][-1].messages]
            assert said == ["Well?", chosen, "And then?"]
        await ui.sees("And then?", "Answer A", "Answer B")
        words = "blind: all go on from what stands above"
        await ui.until(lambda: ui.shown.count(words) == 2)


async def test_the_error_of_a_blind_answer_is_told_after_the_vote(home: Path) -> None:
    error = ErrorInfo("network", "api.example.org is away", "No route.", "Plug it in.")
    rooms = compare_rooms(home, {"teacher": [[Failed(error)]], "student": [LEARNS]})
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        seen = await ui.sees("This answer failed", LEARNS)
        assert not [hint for hint in HINTS if hint in seen], seen
        await ui.press("4")
        await ui.sees("api.example.org is away", "Plug it in.")


async def test_names_can_be_looked_at_and_then_the_vote_is_not_blind(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        await ui.press("v")
        await ui.sees("teacher  scripted:teacher", "41 tok/s")
        await ui.press("1")
        await ui.until(lambda: rooms.store.votes())
        (vote,) = rooms.store.votes()
        assert not vote.blind and vote.revealed_first


async def test_an_answer_that_names_its_maker_makes_no_blind_vote(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["I am ChatGPT, made by OpenAI."], "student": [LEARNS]})
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        await ui.press("3")
        await ui.toast("does not count as blind")
        (vote,) = rooms.store.votes()
        assert not vote.blind and not vote.revealed_first


async def test_the_chat_and_its_way_back_hide_the_names_too(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.chat)
        seen = await ui.sees("Answer A", "< 1/2 >")
        assert "tok/s" not in seen
        await ui.press("ctrl+t")
        seen = await ui.sees("Answer A", "Answer B", TEACHES, LEARNS)
        assert not [hint for hint in HINTS if hint in seen], seen


async def test_a_hidden_answer_asked_again_stays_hidden(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": [TEACHES, "Another one."], "student": [LEARNS, "New."]})
    async with comparing(rooms) as ui:
        await blind(ui)
        await ui.done()
        await ui.press("r")
        await ui.toast("all are asked again, so that time tells nothing")
        seen = await ui.sees("Another one.", "New.")
        await ui.press("g")
        await ui.toast("This answer is complete")
        assert not [hint for hint in HINTS if hint in seen], seen
        await ui.press("1")
        await ui.sees("teacher  scripted:teacher", "student  scripted:student")


async def test_what_ends_all_is_told_while_answers_are_written(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms, size=(80, 24)) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Well?")
        await ui.sees("answering")
        ui.screen.action_show(0)
        await ui.sees("esc Stop", "x Stop all")
        await ui.press("x")
        await ui.done()
        await ui.until(lambda: ui.screen.panes[0].transcript.has_focus)
        await ui.sees("1 Left better", "no vote yet")
        await ui.press("f1")
        await ui.sees("Left and right are the two answers")
        told = [key for keys in keys_of(ui.screen).values() for key in keys]
        assert [key.keys for key in told if key.label == "Copy"] == ["y"]
        assert [key.keys for key in told if key.label == "Correct"] == ["c"]


async def test_comparisons_without_a_vote_follow_each_other(home: Path) -> None:
    """Those whose names are hidden first, however they were asked: these votes are blind."""
    rooms = two(home)
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    for text, is_blind in [("Named", False), ("First", True), ("Voted", True), ("Second", True)]:
        session = rooms.store.create_session(model=STUDENT).id
        turn, _ = rooms.store.begin_compared(session, Message("user", text), asked, blind=is_blind)
        for answer in turn.answers:
            rooms.store.finish_answer(answer, "complete", "Well.", finish_reason="stop")
        if text == "Voted":
            rooms.store.vote(turn.id, "tie")
    async with comparing(rooms) as ui:
        ui.screen.prompt_box.prompt.insert("half a thought")
        for text in ("First", "Second"):
            ui.screen.action_show(0)
            await ui.press("n")
            await ui.sees("Answer A", "Answer B", text, "no vote yet")
            assert not [hint for hint in HINTS if hint in ui.shown], ui.shown
            await ui.press("1")
            await ui.sees("vote: left, blind")
            await ui.until(lambda: saved_vote(ui))
        await ui.press("n")
        await ui.sees("teacher  scripted:teacher", "Named", "no vote yet")
        await ui.press("n")
        await ui.toast("No other comparison is without a vote.")
        assert ui.screen.prompt_box.is_empty  # it waits in the chat where it was typed
    assert sum(vote.blind for vote in rooms.store.votes()) == 3


async def test_usage_without_a_price_says_nothing_of_dollars(home: Path) -> None:
    told = Usage(prompt=3, completion=2, estimated=True, ttft_s=0.1, tok_per_s=9.0)
    answer = [TextDelta("Hm."), told, Finished("stop")]
    rooms = compare_rooms(home, {"teacher": [answer], "student": [LEARNS]})
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.sees("first 0.10 s   9 tok/s   ~2 tok ")
