"""Until the names of a blind turn are seen, no screen tells who wrote which of its answers."""

import re
from pathlib import Path

import pytest
from textual.widgets import Input, Select, TextArea

from g4tui.tui import words
from g4tui.tui.screens import find
from g4tui.tui.screens.find import FindScreen
from g4tui.tui.screens.ratings import RatingsScreen
from g4tui.tui.screens.tree import TreeScreen
from support.blind import LEFT, RIGHT, STUDENT, TEACHER, hidden_turn
from support.chat_app import Steps
from support.compare_screen import Comparison, compare_rooms, comparing
from support.screen_host import shown

SCRIPTS = {"teacher": ["So.", "So again."], "student": ["Thus.", "Thus again."]}


def painted(ui: Comparison) -> str:
    """The screen with its colours, but for the rows in which a cursor blinks."""
    field = ui.app.focused
    blinks = field.region.line_range if isinstance(field, Input | TextArea) else ()
    rows = []
    for number, strip in enumerate(ui.app.screen._compositor.render_strips()):
        styled = (f"{part.text}{'' if number in blinks else part.style}" for part in strip)
        rows.append("".join(styled))
    return re.sub(r"'?@click'?: [^}]*", "", "\n".join(rows))


async def every_screen(home: Path, *, turned: bool) -> list[str]:
    """What each place of the program shows of the same hidden turn, whose left answer failed."""
    rooms = compare_rooms(home, SCRIPTS)
    turn = hidden_turn(rooms.store, turned=turned, fails=True)
    rooms.store.choose(turn.id, None)
    seen: list[str] = []
    async with comparing(rooms, session=turn.session) as ui:
        left = "This answer failed"

        async def look(*wanted: str) -> None:
            await ui.sees(*wanted)
            await ui.pilot.pause()
            seen.append(painted(ui))

        await look(left, "What it should have been.", "numbers are shown after the vote")
        await ui.pilot.resize_terminal(80, 24)
        await look(left, "Answer A", "Answer B")
        await ui.pilot.resize_terminal(120, 24)
        await look("What it should have been.")
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.chat)
        await look(left, "Answer A", "< 3/4 >")
        await ui.to_transcript()
        for place, words_there in ((2, RIGHT), (1, "Before it was asked again.")):
            await ui.press("left")
            await look(words_there, f"< {place}/4 >")
        await ui.press("b")
        await ui.until(lambda: isinstance(ui.app.screen, TreeScreen))
        await look("Branches", RIGHT, "Answer B")
        await ui.press("escape", "ctrl+f")
        await ui.until(lambda: isinstance(ui.app.screen, FindScreen))
        await ui.type("stands")
        await look("2 hits")
        box: Select[str] = ui.app.screen.query_one("#model", Select)
        for model in (TEACHER, STUDENT):
            box.value = model
            await look("Nothing has that")
        await ui.press("escape", "f4")
        await ui.until(lambda: isinstance(ui.app.screen, RatingsScreen))
        await look("There are no blind votes yet")
    rooms.store.close()
    return seen


async def test_every_screen_is_the_same_whoever_wrote_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (words, find):
        monkeypatch.setattr(module, "clock", lambda created, now: "14:02")
    one = await every_screen(tmp_path / "one", turned=False)
    other = await every_screen(tmp_path / "other", turned=True)
    for left, right in zip(one, other, strict=True):
        assert left == right


QUICK = "teacher"  # at the left or at the right, by chance


async def asked(ui: Comparison) -> None:
    """A blind question that one model has answered whole and the other has begun to answer."""
    ui.models.gates = {"teacher": Steps(), "student": Steps()}
    await ui.press("ctrl+b")
    await ui.put("Well?")
    ui.models.gates[QUICK].let(9)
    store = ui.rooms.store
    await ui.until(
        lambda: (
            store.turns()
            and {row.state for row in store.messages(store.turns()[0].answers)}
            == {"complete", "streaming"}
        )
    )


def sides(ui: Comparison) -> list[str]:
    """What both panes show, and what stands below them, wherever the focus is."""
    told = [f"{ui.pane(place)}\n{ui.screen.panes[place]._facts.content}" for place in (0, 1)]
    return [" ".join(re.sub("(Esc|→|←)(, [→←])?, then", "", each).split()) for each in told]


async def test_the_pace_of_hidden_answers_is_not_seen(home: Path) -> None:
    async with comparing(compare_rooms(home, SCRIPTS)) as ui:
        await asked(ui)
        one, other = sides(ui)
        assert one == other.replace("Answer B", "Answer A")
        for place in (0, 1):  # what a key says must not tell which is done
            ui.screen.action_show(place)
            await ui.press("r")
            await ui.toast("This answer is still being written")
        assert len(ui.models.asked) == 2
        await ui.pilot.resize_terminal(80, 24)
        await ui.sees("1 Answer A …  │  2 Answer B …")
        await ui.pilot.resize_terminal(120, 24)

        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.chat)
        first = await ui.sees("Answer A", "< 1/2 >", "waiting")
        await ui.to_transcript()
        await ui.press("right")
        second = await ui.sees("Answer B", "< 2/2 >", "waiting")
        assert "So" not in first + second and "Thus" not in first + second
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.screen and sides(ui) == [one, other])

        for gate in ui.models.gates.values():
            gate.let(9)
        await ui.done()
        await ui.until(lambda: {"So.", "Thus."} == {_answer(ui, place) for place in (0, 1)})


def _answer(ui: Comparison, place: int) -> str:
    lines = [line.strip() for line in ui.pane(place).split("\n")]
    return next((line for line in lines if line in ("So.", "Thus.")), "")


async def test_a_blind_answer_that_is_complete_is_called_so(home: Path) -> None:
    async with comparing(compare_rooms(home, SCRIPTS)) as ui:
        ui.screen.comparing.blind = True
        await ui.put("Why?")
        await ui.done()
        await ui.press("g")
        await ui.toast("This answer is complete.")


async def test_esc_stops_all_hidden_answers(home: Path) -> None:
    async with comparing(compare_rooms(home, SCRIPTS)) as ui:
        await asked(ui)
        ui.screen.action_show(0)
        await ui.press("escape")
        await ui.done()
        assert "■ stopped before" not in (whole := shown(ui.app))
        one, other = sides(ui)
        assert one == other.replace("Answer B", "Answer A")
        assert "shown as far as all had come" in one and "So" not in whole


@pytest.mark.parametrize("end", ["ctrl+c", "again"])
async def test_what_was_stopped_is_shown_as_far_as_both_had_come(home: Path, end: str) -> None:
    """Nobody sees which has more, neither here nor in the chat; after the vote all of it."""
    words = "This is what both of them say to that."
    rooms = compare_rooms(home, {"teacher": [words, words], "student": [words, words]})
    async with comparing(rooms) as ui:
        await ui.press("ctrl+b")
        ui.models.gates = {"teacher": Steps(), "student": Steps()}
        await ui.put("Well?")
        for time in range(1 + (end == "again")):
            if time:
                await ui.press("r")
                await ui.until(lambda: "waiting" in ui.pane(0) and "waiting" in ui.pane(1))
                one, other = sides(ui)
                assert one == other.replace("Answer B", "Answer A")
            for name, gate in ui.models.gates.items():
                gate.let(8 if name == QUICK else 3)
            await ui.until(lambda: sorted(saved(ui)) == [3, 8])
            await ui.press("ctrl+c")
            await ui.done()
        one, other = sides(ui)
        assert one == other.replace("Answer B", "Answer A")
        assert "This is" in one and "both" not in one and "shown as far as all had come" in one
        await ui.press("c")
        await ui.sees("should have answered")
        assert "both" not in ui.shown
        await ui.press("escape")
        await ui.misses("should have answered")
        await ui.press("1")
        await ui.sees("what both of them say", "teacher  scripted:teacher")


def saved(ui: Comparison) -> list[int]:
    """How many words of each answer the library has."""
    turns = ui.rooms.store.turns()
    if not turns:
        return []
    (turn,) = turns
    return [len(row.message.text.split()) for row in ui.rooms.store.messages(turn.answers)]


async def test_an_answer_asked_again_in_the_chat_has_no_name_and_no_pace(home: Path) -> None:
    rooms = compare_rooms(home, SCRIPTS)
    async with comparing(rooms) as ui:
        await ui.press("ctrl+b")
        await ui.put("Well?")
        await ui.done()
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.app.screen is ui.chat)
        ui.models.gates = {"student": Steps()}
        await ui.to_transcript()
        await ui.press("r")
        ui.models.gates["student"].let(1)
        await ui.sees("< 3/3 >", "Another answer", "waiting")
        store = rooms.store
        newest = lambda: store.siblings(store.turns()[0].answers[0])[-1]  # noqa: E731
        await ui.until(lambda: newest().message.text)
        assert "Thus" not in ui.shown
        ui.models.gates["student"].let(9)
        seen = await ui.sees("Thus again.")
        assert "student" not in _transcript(ui) and "tok/s" not in seen and "ctx" not in seen


def _transcript(ui: Comparison) -> str:
    return ui.chat.transcript.plain


async def test_hidden_answers_of_a_turn_before_are_on_one_line(home: Path) -> None:
    """The column of the teacher would show which of the hidden answers was its own."""
    rooms = compare_rooms(home, SCRIPTS)
    async with comparing(rooms) as ui:
        await ui.press("ctrl+b")
        await ui.put("Well?")
        await ui.done()
        await ui.press("ctrl+b")
        await ui.put("And?")
        await ui.done(2)
        seen = await ui.sees("teacher  scripted:teacher", "Answer A")
        assert "Answer B" not in seen
        said = [[m.text for m in ui.models.prompts[name][-1].messages] for name in SCRIPTS]
        assert said[0] == said[1]


async def test_a_hidden_answer_that_is_kept_keeps_its_numbers(home: Path) -> None:
    rooms = compare_rooms(home, SCRIPTS)
    turn = hidden_turn(rooms.store, turned=False)
    rooms.store.choose(turn.id, None)
    answer = turn.shown[0]
    before = rooms.store.message(answer)
    rooms.store.resume_answer(answer)
    rooms.store.finish_answer(answer, "interrupted", LEFT, usage=before.usage)
    async with comparing(rooms, session=turn.session) as ui:
        await ui.sees("What stands at the", "interrupted", "shown as far as all had come")
        await ui.press("escape", "a")
        await ui.until(lambda: rooms.store.message(answer).state == "stopped")
        await ui.misses("interrupted")
        assert rooms.store.message(answer).usage == before.usage
        assert rooms.store.message(answer).message.text == LEFT
        assert rooms.store.message(turn.shown[1]).state == "complete"
        assert "scripted" not in shown(ui.app)
