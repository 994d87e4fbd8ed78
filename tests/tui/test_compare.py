"""The compare screen: asked together, shown apart, stopped and asked again one by one."""

from pathlib import Path

import pytest

from g4tui.config import Settings
from g4tui.config.settings import CompareSettings
from g4tui.core import ErrorInfo, Failed, Finished, Message, TextDelta, Usage
from g4tui.store import Asked
from g4tui.testing.scripted import ScriptedEngine
from support.chat_app import Steps
from support.compare_screen import STUDENT, TEACHER, compare_rooms, comparing

LONG = " ".join(f"line-{number}\n\n" for number in range(200))


def usage(cost: float) -> Usage:
    return Usage(prompt=9, completion=312, ttft_s=0.61, tok_per_s=88.0, cost_usd=cost)


async def test_one_question_is_answered_by_both_with_their_numbers(home: Path) -> None:
    teacher = [TextDelta("I **teach**."), usage(0.0002), Finished("stop")]
    rooms = compare_rooms(home, {"teacher": [teacher], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.put("Who are you?")
        await ui.done()
        seen = await ui.sees(
            "teacher  scripted:teacher",
            "student  scripted:student",
            "I teach.",
            "I learn.",
            "first 0.61 s   88 tok/s   312 tok   $0.0002",
            "first 0.08 s   41 tok/s   2 tok   $0",
            "1 Left better",
        )
        assert seen.count("Who are you?") >= 2
        (turn,) = rooms.store.turns()
        models = [rooms.store.message(answer).model for answer in turn.answers]
        assert models == [TEACHER, STUDENT] and turn.shown == turn.answers


async def test_both_stream_at_the_same_time(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["one two three"], "student": ["four five six"]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Count")
        ui.models.gates["teacher"].let(1)
        ui.models.gates["student"].let(2)
        seen = await ui.sees("one", "four five", "answering")
        assert "two" not in seen and "six" not in seen
        for gate in ui.models.gates.values():
            gate.let(10)
        await ui.done()
        await ui.sees("one two three", "four five six")


async def test_tokens_are_not_counted_beside_a_line_that_waits_for_the_first(home: Path) -> None:
    nothing_yet = "[a]: http://a.example"  # which Markdown does not show
    teacher = [TextDelta(nothing_yet), TextDelta("\n\nSo."), Finished("stop")]
    rooms = compare_rooms(home, {"teacher": [teacher], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps()}
        await ui.put("Well?")
        await ui.sees("I learn.")
        pane = ui.screen.panes[0]
        ui.models.gates["teacher"].let(1)
        await ui.until(lambda: pane._pieces == 1)
        pane.tell_progress()
        assert "~1 tok" not in await ui.sees("waiting for the first token")
        ui.models.gates["teacher"].let(1)
        await ui.sees("So.")
        pane.tell_progress()
        await ui.sees("~2 tok")
        ui.models.gates["teacher"].let(9)
        await ui.done()


async def test_a_side_that_fails_has_its_panel_and_is_tried_again_alone(home: Path) -> None:
    error = ErrorInfo("network", "No way there", "The cable is out.", "Plug it in.")
    teacher = [[TextDelta("So far"), Failed(error)], "All is well."]
    rooms = compare_rooms(home, {"teacher": teacher, "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.sees("So far", "No way there", "Plug it in.", "r retry", "I learn.")
        await ui.press("r")
        await ui.sees("All is well.", "I learn.")
        await ui.misses("No way there")
        await ui.done()
        assert sorted(ui.models.asked) == ["student", "teacher", "teacher"]
        (turn,) = rooms.store.turns()
        texts = [rooms.store.message(answer).message.text for answer in turn.answers]
        assert texts == ["All is well.", "I learn."]


async def test_a_side_is_tried_again_while_the_other_one_goes_on(home: Path) -> None:
    error = ErrorInfo("network", "No way there", "The cable is out.", "Plug it in.")
    teacher = [[Failed(error)], "All is well."]
    rooms = compare_rooms(home, {"teacher": teacher, "student": ["one two"]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"student": Steps()}
        await ui.put("Well?")
        ui.models.gates["student"].let(1)
        await ui.sees("No way there", "one")
        ui.screen.action_show(0)
        await ui.press("r")
        seen = await ui.sees("All is well.", "answering")
        assert "two" not in seen
        ui.models.gates["student"].let(9)
        await ui.done()
        await ui.sees("All is well.", "one two")


async def test_esc_stops_the_pane_with_the_focus_and_the_other_goes_on(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": [LONG], "student": [LONG]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Much")
        for gate in ui.models.gates.values():
            gate.let(3)
        await ui.until(lambda: "line-2" in ui.pane(0) and "line-2" in ui.pane(1))
        ui.screen.action_show(0)
        await ui.press("escape")
        await ui.until(lambda: "stopped" in ui.pane(0))
        ui.models.gates["student"].let(5)
        await ui.until(lambda: "line-7" in ui.pane(1))
        assert "stopped" not in ui.pane(1)
        ui.screen.action_show(0)
        await ui.press("r")
        ui.models.gates["teacher"].let(2)
        await ui.until(lambda: "line-1" in ui.pane(0) and "stopped" not in ui.pane(0))
        await ui.press("x")
        await ui.done()
        states = {rooms.store.message(each).state for each in rooms.store.turns()[0].answers}
        assert states == {"stopped"}


async def test_each_model_keeps_its_own_line_until_one_is_chosen(home: Path) -> None:
    scripts = {"teacher": ["t-one", "t-two", "t-three"], "student": ["s-one", "s-two", "s-three"]}
    rooms = compare_rooms(home, scripts)
    async with comparing(rooms) as ui:
        await ui.put("First")
        await ui.done(1)
        await ui.put("Second")
        await ui.done(2)
        await ui.sees("t-two", "s-two")
        said = [message.text for message in ui.models.prompts["student"][-1].messages]
        assert said == ["First", "s-one", "Second"]
        await ui.press("right", "f")
        await ui.toast("goes on from student")
        await ui.put("Third")
        await ui.done(3)
        await ui.sees("t-three", "s-three")
        for model in ("teacher", "student"):
            said = [message.text for message in ui.models.prompts[model][-1].messages]
            assert said == ["First", "s-one", "Second", "s-two", "Third"]
        assert "s-two" in ui.pane(0) and "t-two" not in ui.pane(0)


async def test_back_to_one_shows_the_line_in_the_chat_and_ctrl_t_the_turn_again(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["I teach."], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.put("Who?")
        await ui.done()
        await ui.press("1", "ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.chat)
        seen = await ui.sees("I teach.", "< 1/2 >")
        assert "I learn." not in seen
        await ui.press("ctrl+t")
        await ui.sees("I teach.", "I learn.", "vote: left")


async def test_narrow_panes_are_tabs_and_a_resize_in_mid_stream_is_no_matter(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["one two three"], "student": ["four five six"]})
    async with comparing(rooms, size=(80, 24)) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Count")
        for gate in ui.models.gates.values():
            gate.let(1)
        seen = await ui.sees(
            "one", "1 teacher  scripted:teacher …  │  2 student  scripted:student …"
        )
        assert "four" not in seen
        await ui.pilot.resize_terminal(120, 30)
        await ui.sees("one", "four")
        await ui.pilot.resize_terminal(60, 20)
        await ui.misses("four")
        for gate in ui.models.gates.values():
            gate.let(10)
        await ui.done()
        await ui.sees("one two three")
        await ui.press("right")
        await ui.sees("four five six")
        await ui.misses("one two three")


async def test_both_sides_may_be_the_same_model(home: Path) -> None:
    rooms = compare_rooms(home, {"student": ["first", "second"], "other": [""]})
    async with comparing(rooms) as ui:
        await ui.screen.comparing.use([STUDENT, STUDENT])
        await ui.put("Say")
        await ui.done()
        assert {"first", "second"} == {ui.pane(place).split("\n")[4].strip() for place in (0, 1)}


async def test_scrolling_in_step_is_a_key(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": [LONG], "student": [LONG]})
    async with comparing(rooms) as ui:
        await ui.put("Much")
        await ui.done()
        transcripts = [pane.transcript for pane in ui.screen.panes[:2]]
        await ui.press("home")
        assert transcripts[0].scroll_offset.y == 0 < transcripts[1].scroll_offset.y
        await ui.press("s", "down", "down", "down")
        assert transcripts[0].scroll_offset.y == transcripts[1].scroll_offset.y == 3
        await ui.press("s", "down")
        assert [each.scroll_offset.y for each in transcripts] == [4, 3]


async def test_what_one_types_on_the_answers_goes_to_the_prompt(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["I teach."], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.put("Who?")
        await ui.done()
        assert ui.screen.panes[0].transcript.has_focus
        await ui.type("hi 1")
        assert ui.screen.prompt_box.prompt.text == "hi 1"
        assert rooms.store.votes() == []


async def test_quitting_in_mid_stream_keeps_both_parts(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": [LONG], "student": [LONG]})
    async with comparing(rooms) as ui:
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Much")
        for gate in ui.models.gates.values():
            gate.let(3)
        await ui.until(lambda: "line-2" in ui.pane(0) and "line-2" in ui.pane(1))
        answers = rooms.store.turns()[0].answers
        await ui.chat.answering.turns.close(5)
        rows = rooms.store.messages(answers)
        assert [row.state for row in rows] == ["stopped", "stopped"]
        assert all("line-2" in row.message.text for row in rows)


async def test_an_interrupted_answer_is_gone_on_with_or_kept(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": [" And on."], "student": [""]})
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    for answer in turn.answers:
        store.finish_answer(answer, "interrupted", "So far.")
    async with comparing(rooms, session=session) as ui:
        await ui.sees("So far.", "interrupted")
        await ui.press("escape", "g")
        await ui.until(lambda: "So far. And on." in ui.pane(0))
        await ui.until(lambda: store.message(turn.answers[0]).state == "complete")
        await ui.press("right", "a")
        await ui.until(lambda: store.message(turn.answers[1]).state == "stopped")
        await ui.until(lambda: "stopped" in ui.pane(1))


async def test_an_interrupted_answer_without_a_word_leaves_no_trace_once_asked_again(
    home: Path,
) -> None:
    rooms = compare_rooms(home, {"teacher": ["Because."], "student": [""]})
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    for answer, text in zip(turn.answers, ("", "So."), strict=True):
        store.finish_answer(answer, "interrupted", text)
    async with comparing(rooms, session=session) as ui:
        await ui.sees("So.", "interrupted")
        await ui.press("escape", "r")
        await ui.until(lambda: "Because." in ui.pane(0) and "interrupted" not in ui.pane(0))
        await ui.done()
        await ui.press("ctrl+t")
        await ui.sees("Because.", "< 1/2 >")


async def test_one_that_cannot_be_gone_on_with_can_still_be_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenAI's servers, which take whole questions only."""
    monkeypatch.setattr(ScriptedEngine, "can_continue", False)
    rooms = compare_rooms(home, {"teacher": [""], "student": [""]})
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    for answer in turn.answers:
        store.finish_answer(answer, "interrupted", "So far.")
    async with comparing(rooms, session=session) as ui:
        await ui.sees("So far.", "interrupted")
        await ui.press("escape", "g")
        await ui.toast("cannot go on with a partial answer: r asks again, a keeps it as it is")
        assert store.message(turn.answers[0]).state == "interrupted"
        await ui.press("a")
        await ui.until(lambda: store.message(turn.answers[0]).state == "stopped")
        assert "So far." in ui.pane(0)


async def test_ctrl_r_asks_again_for_what_failed(home: Path) -> None:
    rooms = compare_rooms(
        home, {"teacher": [[Failed(ErrorInfo("network", "Gone"))], "Back."], "student": ["Here."]}
    )
    async with comparing(rooms) as ui:
        ui.screen.comparing.blind = True
        await ui.put("Why?")
        await ui.done()
        answers = ui.screen.comparing.compared.answers  # type: ignore[union-attr]
        place = next(place for place, answer in answers.items() if answer.error is not None)
        ui.screen.action_show(1 - place)
        await ui.press("ctrl+r")
        await ui.toast("The answer at the cursor did not fail.")
        ui.screen.action_show(place)
        await ui.press("ctrl+r")
        await ui.until(lambda: "Back." in ui.pane(0) + ui.pane(1))
        await ui.done()


async def test_an_older_answer_is_not_asked_for_again(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["t-one", "t-two"], "student": ["s-one", "s-two"]})
    async with comparing(rooms) as ui:
        for number in (1, 2):
            await ui.put("Go on")
            await ui.done(number)
        await ui.press("k", "k", "r")
        await ui.toast("Only an answer to the newest question")
        assert len(ui.models.asked) == 4


async def test_the_palette_offers_what_this_screen_can_do(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["I teach."], "student": ["I learn."]})
    async with comparing(rooms) as ui:
        await ui.press("ctrl+p")
        await ui.type("blind mode")
        await ui.press("enter")
        await ui.sees("Compare, blind ")
        await ui.press("ctrl+p")
        await ui.type("delete chat")
        await ui.sees("No matches found")


async def test_the_palette_chooses_the_model_of_the_pane_in_use(home: Path) -> None:
    scripts = {"teacher": ["I teach."], "student": ["I learn."], "third": ["I am third."]}
    async with comparing(compare_rooms(home, scripts)) as ui:
        ui.screen.action_show(1)
        await ui.press("ctrl+p")
        await ui.type("third")
        await ui.sees("Model: third")
        await ui.press("enter")
        await ui.sees("teacher  scripted:teacher", "student  scripted:third")
        await ui.put("Who?")
        await ui.done()
        await ui.sees("I teach.", "I am third.")


async def test_a_student_on_an_adapter_stands_beside_its_base(home: Path) -> None:
    rooms = compare_rooms(home, {"teacher": ["I teach."], "student": ["Base.", "Tuned."]})
    tuned = f"{STUDENT}+{home}/pet-lora.gguf"
    rooms.settings = Settings(compare=CompareSettings("", tuned))
    async with comparing(rooms, size=(200, 40)) as ui:
        await ui.sees(f"teacher  {STUDENT}", "student  scripted:student+")


async def test_other_models_are_chosen_for_the_sides(home: Path) -> None:
    scripts = {"teacher": ["I teach."], "student": ["I learn."], "third": ["I am third."]}
    rooms = compare_rooms(home, scripts)
    async with comparing(rooms, size=(160, 40)) as ui:
        await ui.press("ctrl+o")
        await ui.sees("Models to compare", "teacher   scripted:teacher")
        await ui.press("a")
        await ui.sees("Choose a model")
        await ui.type("third")
        await ui.press("enter")
        await ui.sees("third     scripted:third")
        await ui.press("ctrl+s")
        await ui.sees("third  scripted:third")
        await ui.put("Who?")
        await ui.done()
        await ui.sees("I teach.", "I learn.", "I am third.")
        ui.screen.action_show(1)
        ui.screen.action_show(2)
        await ui.press("1")
        await ui.until(lambda: rooms.store.votes())
        models = [rooms.store.message(each).model for each in rooms.store.votes()[0].shown]
        assert models == [STUDENT, "scripted:third"]
