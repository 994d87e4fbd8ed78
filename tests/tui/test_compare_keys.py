"""Which keys act where on the compare screen: votes on the answers, words in the prompt."""

from pathlib import Path

from textual.events import Key

from g4tui.core import Message
from g4tui.store import Asked
from g4tui.store.rows import State
from support.compare_screen import STUDENT, TEACHER, Comparison, comparing, two


async def test_esc_leads_to_the_answers_from_wherever_one_is(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        answers, prompt = ui.screen.panes[0].transcript, ui.screen.prompt_box.prompt
        await ui.until(lambda: answers.has_focus)
        await ui.sees("Enter: ask all the next question")
        await ui.press("escape")
        assert answers.has_focus
        await ui.press("enter")
        await ui.until(lambda: prompt.has_focus)
        await ui.sees("Esc: vote, 1 to 4")
        await ui.press("escape", "escape", "1")
        await ui.sees("vote: left")
        await ui.press("tab")
        await ui.until(lambda: prompt.has_focus)
        assert prompt.text == "" and len(rooms.store.turns()) == 1


async def test_a_quick_hand_votes_and_asks(home: Path) -> None:
    """A key does what it means after the one before it, which may not have been heard yet."""
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        prompt = ui.screen.prompt_box.prompt
        prompt.focus()
        await ui.until(lambda: prompt.has_focus)
        at_once(ui, "escape", "2")
        await ui.sees("vote: right")
        at_once(ui, "enter", "H", "i")
        await ui.until(lambda: prompt.text == "Hi")
        at_once(ui, "escape", "w")
        await ui.sees("Why?")
        assert prompt.text == "Hi" and len(rooms.store.turns()) == 1
        await ui.press("escape")


def at_once(ui: Comparison, *keys: str) -> None:
    """Press them as tmux gives them on: before the first of them is heard."""
    for key in keys:
        ui.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_a_vote_typed_into_the_prompt_is_sent_by_a_second_enter_only(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("2")  # there is nothing to vote on
        await ui.done()
        prompt = ui.screen.prompt_box.prompt
        for key in ("2", "w"):
            prompt.focus()
            await ui.press(key, "enter")
            await ui.toast(f"To vote: Esc, then {key}. Enter once more asks all models")
            assert prompt.text == key and len(rooms.store.turns()) == 1
            await ui.press("backspace")
        await ui.press("2", "enter")
        await ui.press("enter")
        await ui.done(2)
        assert prompt.text == "" and rooms.store.votes() == []
        prompt.focus()
        await ui.type("22")
        await ui.press("enter")
        await ui.done(3)
        await ui.type("/bye")
        await ui.press("enter")
        await ui.toast("Ctrl+Q quits. Enter once more sends it.")
        assert prompt.text == "/bye" and len(rooms.store.turns()) == 3


async def test_a_key_of_answers_that_waits_is_never_typed(home: Path) -> None:
    async with comparing(two(home)) as ui:
        await ui.put("Well?")
        await ui.done()
        answers, prompt = ui.screen.panes[0].transcript, ui.screen.prompt_box.prompt
        await ui.until(lambda: answers.has_focus)
        await ui.press("v")
        await ui.toast("The names are shown already.")
        await ui.press("p")
        await ui.toast("There is one pair only.")
        await ui.press("x")
        assert prompt.text == "" and answers.has_focus
        await ui.press("z")  # means nothing here: a word begins
        await ui.until(lambda: prompt.text == "z" and prompt.has_focus)


async def test_find_leads_from_a_comparison_to_a_chat(home: Path) -> None:
    rooms = two(home)
    other = rooms.store.create_session(model=STUDENT, title="Ships").id
    rooms.store.add_message(other, None, Message("user", "About frigates"))
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("ctrl+f")
        await ui.type("frigates")
        await ui.sees("About frigates")
        assert ui.screen.prompt_box.is_empty
        await ui.press("enter")
        await ui.until(lambda: ui.app.screen is ui.chat)
        await ui.until(lambda: ui.chat.conversation.id == other)


async def test_the_palette_tells_the_keys_that_hold_here(home: Path) -> None:
    async with comparing(two(home)) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("ctrl+p")
        await ui.type("copy")
        await ui.sees("Message: Copy   y ")
        assert "Message: Copy   y c" not in ui.shown


async def test_keys_stay_in_the_bottom_line_whatever_was_voted(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        stay = ("1 Left better", "^t Back", "^b Blind", "f1 Help", "w Why")
        await ui.sees("no vote yet", *stay)
        for key, words in [("1", "vote: left"), ("4", "vote: both bad")]:
            await ui.press(key)
            await ui.sees(words, *stay)
        await ui.pilot.resize_terminal(160, 24)
        await ui.sees(*stay, "c Correct", "0 Unvote", "f Go on from it")


async def test_hints_tell_the_way_to_their_pane(home: Path) -> None:
    rooms = two(home)
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    for answer in turn.answers:
        store.finish_answer(answer, "stopped", "So far.")
    async with comparing(rooms, session=session, size=(160, 24)) as ui:
        await ui.sees("stopped   Esc, then g go on", "stopped   Esc, →, then g go on")
        await ui.press("escape")
        await ui.sees("stopped   g go on", "stopped   →, then g go on")
        await ui.press("right")
        await ui.sees("stopped   ←, then g go on", "stopped   g go on")
        await ui.press("enter")
        await ui.sees("stopped   Esc, ←, then g go on", "stopped   Esc, then g go on")


async def test_a_vote_on_an_answer_without_an_end_says_what_it_is_good_for(home: Path) -> None:
    rooms = two(home)
    store = rooms.store
    session = store.create_session(model=STUDENT).id
    asked = [Asked(None, TEACHER), Asked(None, STUDENT)]
    turn, _ = store.begin_compared(session, Message("user", "Why?"), asked)
    states: tuple[State, ...] = ("complete", "interrupted")
    for answer, state in zip(turn.answers, states, strict=True):
        store.finish_answer(answer, state, "So far.")
    async with comparing(rooms, session=session) as ui:
        await ui.sees("interrupted")
        await ui.press("escape", "1")
        await ui.toast(
            "One of the two did not come to its end: the vote is kept, but is not exported as a "
            "preference."
        )
        (vote,) = store.votes()
        assert vote.verdict == "left"
