"""An answer as it comes: shown, followed, stopped, failed."""

import pytest
from textual.events import Paste
from textual.geometry import Region
from textual.strip import Strip

from g4tui.core import ErrorInfo, Failed, Finished, ReasoningDelta, TextDelta, Usage
from g4tui.testing.scripted import ScriptedEngine
from g4tui.tui.messages import ModelChosen
from g4tui.tui.widgets.row_view import RowView
from g4tui.worker.exits import crash
from support.chat_app import MODEL, Driven, Steps, driven_chat
from support.rooms import Rooms

LONG = " ".join(f"line-{number}\n\n" for number in range(300))


async def test_words_are_on_the_screen_before_the_answer_is_whole(rooms: Rooms) -> None:
    rooms.backend.gate = steps = Steps()
    rooms.backend.answers = ["First **second** third"]
    async with driven_chat(rooms) as ui:
        await ui.ask("How?")
        steps.let(2)
        seen = await ui.sees("First second", "answering", "esc Stop")
        assert "third" not in seen
        steps.let(10)
        await ui.answered(2)
        await ui.sees("First second third", "41 tok/s · first 0.08 s")
        await ui.misses("esc Stop", "answering")


async def test_the_cached_prefix_is_told_where_there_is_room(rooms: Rooms) -> None:
    usage = Usage(prompt=1198, cached=1180, completion=3, ttft_s=0.08, tok_per_s=41.0)
    rooms.backend.answers = [[TextDelta("Hi."), usage, Finished("stop")]]
    async with driven_chat(rooms, size=(80, 24)) as ui:
        await ui.ask("How?")
        await ui.sees("41 tok/s · first 0.08 s · 1,180 of 1,198 cached")
        await ui.sees("ctx 1,201/2,048")
        await ui.pilot.resize_terminal(50, 24)
        seen = await ui.misses("tok/s")
        assert "first 0.08 s" in seen and "parrot" in seen


async def scrolled_up(ui: Driven, steps: Steps) -> None:
    """A long answer of which a part has come, and a person who went up to read."""
    await ui.ask("Tell me much")
    steps.let(100)
    await ui.sees("line-99")
    await ui.press("pageup")
    await ui.misses("line-99")


async def test_the_end_is_followed_until_the_person_scrolls_up(rooms: Rooms) -> None:
    rooms.backend.gate = steps = Steps()
    rooms.backend.answers = [LONG]
    async with driven_chat(rooms) as ui:
        await scrolled_up(ui, steps)
        before = ui.chat.transcript.scroll_offset.y
        steps.let(100)
        seen = await ui.sees("↓ new text · End")
        assert ui.chat.transcript.scroll_offset.y == before
        assert "line-199" not in seen
        await ui.to_transcript()
        await ui.press("end")
        await ui.sees("line-199")
        await ui.misses("new text")
        steps.let(50)
        await ui.sees("line-249")


async def test_scrolling_down_to_the_end_follows_again(rooms: Rooms) -> None:
    rooms.backend.gate = steps = Steps()
    rooms.backend.answers = [LONG]
    async with driven_chat(rooms) as ui:
        await scrolled_up(ui, steps)
        steps.let(1)
        await ui.sees("new text")
        await ui.press(*["pagedown"] * 3)
        await ui.sees("line-100")
        await ui.misses("new text")
        steps.let(60)
        await ui.sees("line-160")


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_stopping_keeps_the_text_and_the_next_question_works(rooms: Rooms, key: str) -> None:
    rooms.backend.answers = [LONG * 20, "Well then."]
    rooms.backend.delay_s = 0.005
    async with driven_chat(rooms) as ui:
        await ui.ask("Tell me much")
        await ui.sees("line-3")
        await ui.press(key)
        (_, answer) = await ui.answered(2)
        await ui.sees("■ stopped   Esc, then g go on · r regenerate")
        assert answer.state == "stopped" and "line-3" in answer.message.text
        await ui.ask("And now?")
        assert (await ui.answered(4))[-1].message.text == "Well then."


async def test_an_answer_that_cannot_be_gone_on_with_is_left_alone(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenAI's servers, which take whole questions only."""
    monkeypatch.setattr(ScriptedEngine, "can_continue", False)
    rooms.backend.answers = [LONG * 20]
    rooms.backend.delay_s = 0.005
    async with driven_chat(rooms) as ui:
        await ui.ask("Tell me much")
        await ui.sees("line-3")
        await ui.press("escape")
        (_, answer) = await ui.answered(2)
        seen = await ui.sees("■ stopped   Esc, then r regenerate")
        assert "g go on" not in seen
        await ui.to_transcript()
        await ui.press("g")
        await ui.toast("This model cannot go on with a partial answer: r asks again.")
        assert rooms.store.message(answer.id) == answer


async def test_ctrl_c_clears_the_prompt_and_then_says_how_to_quit(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        await ui.type("never mind")
        await ui.press("ctrl+c")
        await ui.misses("never mind")
        await ui.toast("Up brings it back")
        await ui.press("ctrl+c")
        await ui.toast("Ctrl+Q quits")
        await ui.press("up")
        await ui.sees("never mind")


@pytest.mark.parametrize("text", ["about this", ""])
async def test_what_ctrl_c_cleared_comes_back_with_its_chips(rooms: Rooms, text: str) -> None:
    async with driven_chat(rooms) as ui:
        await ui.ask("Before")
        await ui.answered(2)
        ui.app.post_message(Paste("a long line\n" * 500))
        await ui.sees("pasted-1.txt")
        await ui.type(text)
        await ui.press("ctrl+c")
        await ui.misses("pasted-1.txt")
        await ui.press("up")
        await ui.sees("pasted-1.txt")
        assert ui.chat.prompt_box.prompt.text == text
        await ui.press("enter")
        row = (await ui.answered(4))[2]
        assert (row.message.text, len(row.message.attachments)) == (text, 1)


async def test_a_second_question_waits_in_the_prompt(rooms: Rooms) -> None:
    rooms.backend.gate = steps = Steps()
    async with driven_chat(rooms) as ui:
        await ui.ask("One")
        steps.let(1)
        await ui.sees("Hello")
        await ui.ask("Two")
        await ui.toast("still being written")
        assert ui.chat.prompt_box.prompt.text == "Two"
        steps.let(10)
        await ui.answered(2)
        steps.let(10)
        await ui.press("enter")
        assert [row.message.text for row in (await ui.answered(4))][2] == "Two"


async def test_thinking_is_folded_and_apart_from_the_answer(rooms: Rooms) -> None:
    rooms.backend.answers = [
        [ReasoningDelta("let me see now"), TextDelta("Forty-two."), Finished("stop")]
    ]
    async with driven_chat(rooms) as ui:
        await ui.ask("Why?")
        seen = await ui.sees("▸ Thought  4 words", "Forty-two.")
        assert "let me see" not in seen
        await ui.to_transcript()
        await ui.press("t")
        await ui.sees("▾ Thought", "│ let me see now")
        await ui.press("t")
        await ui.misses("let me see now")


async def test_thinking_tags_of_local_models_are_folded_too(rooms: Rooms) -> None:
    rooms.backend.answers = ["<think>hm hm</think>So it is."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Why?")
        seen = await ui.sees("Thought  2 words", "So it is.")
        assert "<think>" not in seen and "hm hm" not in seen


async def test_a_failure_is_a_panel_with_the_key_that_retries(rooms: Rooms) -> None:
    error = ErrorInfo("network", "No way there", "The cable is out.", "Plug it in.")
    rooms.backend.answers = [[TextDelta("So far"), Failed(error)], "All is well."]
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello?")
        await ui.sees("So far", "No way there", "The cable is out.", "Plug it in.", "r retry")
        await ui.to_transcript()
        await ui.press("r")
        await ui.sees("All is well.", "< 2/2 >")
        await ui.misses("No way there")
        line = await ui.answered(2)
        assert line[-1].message.text == "All is well."


async def test_the_log_of_a_crash_is_unfolded_with_a_key(rooms: Rooms) -> None:
    error = crash(-11, "answering", "\n".join(f"log line {number}" for number in range(30)))
    rooms.backend.answers = [[Failed(error)]]
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello?")
        seen = await ui.sees(
            "It ended with SIGSEGV",
            "Send it again",
            "r retry",
            "The last 6 lines of its log   Esc, then l",
        )
        assert "log line" not in seen
        await ui.to_transcript()
        await ui.press("l")
        seen = await ui.sees("▾ The last 6 lines of its log", "log line 24", "log line 29")
        assert "log line 23" not in seen
        assert seen.index("Send it again") < seen.index("log line 24")
        await ui.press("l")
        await ui.misses("log line")


async def test_a_model_that_is_not_here_is_not_promised(rooms: Rooms) -> None:
    async with driven_chat(rooms, model="llama-cpp:nowhere") as ui:
        await ui.sees("nowhere is not available: Ctrl+O", "It is not on this machine.")
        ui.chat.post_message(ModelChosen(MODEL))
        seen = await ui.sees("parrot answers.")
        assert "not available" not in seen


async def test_a_model_of_no_backend_offers_another(rooms: Rooms) -> None:
    async with driven_chat(rooms, model="gone:foo") as ui:
        seen = await ui.sees("foo is not available: Ctrl+O", "There is no backend gone.")
        assert "foo answers" not in seen
        await ui.ask("Hello?")
        await ui.sees("╭─ There is no backend gone", "Ctrl+O choose another model")


async def test_a_held_back_model_is_released_with_one_key(rooms: Rooms) -> None:
    for _ in range(2):
        rooms.runtime.quarantine.strike("scripted:parrot")
    async with driven_chat(rooms) as ui:
        await ui.ask("Hello?")
        await ui.sees("This model is held back", "u release this model")
        await ui.to_transcript()
        await ui.press("u")
        await ui.toast("may be started again")
        await ui.press("r")
        await ui.sees("Hello there, friend.")


async def test_the_model_forgets_with_a_marker(rooms: Rooms) -> None:
    rooms.backend.context = 600
    rooms.backend.answers = ["word " * 100]
    async with driven_chat(rooms, size=(100, 60)) as ui:
        for turn in range(4):
            await ui.ask("why " * 60)
            await ui.answered(2 * turn + 2)
        line = await ui.answered(8)
        start = line[-1].memory_start
        assert start is not None
        left_out = [row.id for row in line].index(start)
        wanted = f"memory begins here · the model no longer sees {left_out} messages above"
        assert wanted in ui.chat.transcript.plain
        await ui.press("ctrl+n")
        await ui.sees("Ask something")
        await ui.pilot.pause()
        ui.chat._on_session_chosen(_chosen(line[0].session))
        await ui.until(lambda: wanted in ui.chat.transcript.plain)


def _chosen(session: str):  # type: ignore[no-untyped-def]
    from g4tui.tui.messages import SessionChosen

    return SessionChosen(session)


async def test_the_end_is_followed_when_the_terminal_becomes_wider(rooms: Rooms) -> None:
    rooms.backend.answers = ["some words in a long line of an answer " * 40 + "and the end."]
    async with driven_chat(rooms, size=(60, 24)) as ui:
        await ui.ask("Much")
        await ui.answered(2)
        await ui.sees("and the end.")
        await ui.pilot.resize_terminal(90, 24)
        await ui.sees("and the end.")
        assert ui.chat.transcript.following
        await ui.pilot.resize_terminal(50, 14)
        await ui.sees("and the end.")


async def test_rows_are_drawn_as_textual_would_draw_them(rooms: Rooms) -> None:
    rooms.backend.answers = ["A **bold** word, `code`, and [a link](https://example.org).\n" * 30]
    async with driven_chat(rooms) as ui:
        await ui.ask("Draw")
        await ui.answered(2)
        await ui.pilot.pause()
        transcript = ui.chat.transcript
        for crop in (transcript.size.region, Region(3, 2, 20, 5)):
            ours = transcript.render_lines(crop)
            theirs = super(RowView, transcript).render_lines(crop)
            assert [row.text for row in ours] == [row.text for row in theirs]
            assert [_styles(row) for row in ours] == [_styles(row) for row in theirs]


def _styles(row: Strip) -> list[tuple[str, str]]:
    return [(letter, str(style)) for text, style, _ in row for letter in text]


async def test_the_scroll_bar_comes_after_what_grows(rooms: Rooms) -> None:
    rooms.backend.answers = [[TextDelta(f"line {number}\n\n") for number in range(80)]]
    rooms.backend.gate = steps = Steps()
    async with driven_chat(rooms) as ui:
        await ui.ask("Much")
        transcript = ui.chat.transcript
        bar = transcript.vertical_scrollbar
        for number in (40, 79):
            steps.let(number)
            await ui.sees(f"line {number - 1}")
            await ui.until(
                lambda: (
                    (bar.window_virtual_size, bar.position)
                    == (transcript.virtual_size.height, transcript.scroll_offset.y)
                )
            )
        await ui.answered(2)
        ui.chat.action_page(-1)
        assert bar.position == transcript.scroll_offset.y < transcript.max_scroll_y


async def test_a_word_more_paints_its_own_row_and_not_the_paragraph(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.backend.answers = [
        [TextDelta("some words " * 60), TextDelta("more"), TextDelta(" end"), Finished("stop")]
    ]
    rooms.backend.gate = steps = Steps()
    async with driven_chat(rooms) as ui:
        await ui.ask("Much")
        steps.let(2)
        await ui.sees("more")
        painted: list[int] = []
        monkeypatch.setattr(
            ui.chat.transcript, "refresh_lines", lambda y, count=1: painted.append(count)
        )
        steps.let(1)
        await ui.until(lambda: painted)
        assert painted[0] <= 2  # it, and the empty one below
        steps.let(10)
