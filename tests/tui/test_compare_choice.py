"""What the conversation goes on from: each model's own answer, or the one that was chosen."""

from pathlib import Path

from support.compare_screen import Comparison, compare_rooms, comparing
from support.rooms import Rooms

MARK = "all go on from here"


def three(home: Path) -> Rooms:
    scripts = {"teacher": ["t-one", "t-two", "t-three"], "student": ["s-one", "s-two", "s-three"]}
    return compare_rooms(home, scripts)


def given(ui: Comparison, model: str) -> list[str]:
    """What a model was given last."""
    return [message.text for message in ui.models.prompts[model][-1].messages]


async def test_what_was_chosen_is_gone_on_from_after_a_restart(home: Path) -> None:
    rooms = three(home)
    async with comparing(rooms) as ui:
        await ui.put("First")
        await ui.done(1)
        assert MARK not in ui.shown
        await ui.press("right", "f")
        await ui.toast("goes on from student")
        await ui.sees(MARK)
        await ui.pilot.resize_terminal(80, 24)
        await ui.sees(MARK)
        await ui.press("left")
        await ui.misses(MARK)
        session = ui.chat.conversation.id or ""
    rooms.store.close()
    rooms = three(home)
    async with comparing(rooms, session=session) as ui:
        await ui.sees("t-one", "s-one", MARK)
        assert not ui.screen.comparing.is_chosen(0) and ui.screen.comparing.is_chosen(1)
        await ui.put("Second")
        await ui.done(2)
        for model in ("teacher", "student"):
            assert given(ui, model) == ["First", "s-one", "Second"]
        await ui.misses(MARK)
    rooms.store.close()


async def test_the_same_key_gives_each_its_own_line_back(home: Path) -> None:
    async with comparing(three(home)) as ui:
        await ui.put("First")
        await ui.done(1)
        await ui.press("right", "f")
        await ui.sees(MARK)
        await ui.press("f")
        await ui.toast("Each model goes on from its own answer")
        await ui.misses(MARK)
        await ui.put("Second")
        await ui.done(2)
        assert given(ui, "teacher") == ["First", "t-one", "Second"]
        assert given(ui, "student") == ["First", "s-one", "Second"]


async def test_a_correction_is_chosen_shown_and_kept(home: Path) -> None:
    rooms = three(home)
    async with comparing(rooms) as ui:
        await ui.put("First")
        await ui.done(1)
        await ui.press("right", "c")
        await ui.sees("should have answered")
        await ui.press("end")
        await ui.type(" indeed")
        await ui.press("ctrl+s")
        await ui.sees("s-one indeed", "Corrected by you", MARK)
        await ui.press("left", "f")
        await ui.toast("goes on from teacher")
        session = ui.chat.conversation.id or ""
    rooms.store.close()
    rooms = three(home)
    async with comparing(rooms, session=session) as ui:
        await ui.sees("t-one", "s-one indeed", "Corrected by you", MARK)
        assert ui.screen.comparing.is_chosen(0)
        await ui.press("escape", "right", "f")
        await ui.until(lambda: ui.screen.comparing.is_chosen(1))
        await ui.put("Second")
        await ui.done(2)
        for model in ("teacher", "student"):
            assert given(ui, model) == ["First", "s-one indeed", "Second"]
    rooms.store.close()


async def test_what_is_asked_again_stays_what_all_go_on_from(home: Path) -> None:
    async with comparing(three(home)) as ui:
        await ui.put("First")
        await ui.done(1)
        await ui.press("right", "f")
        await ui.sees(MARK)
        await ui.press("r")
        await ui.sees("s-two", MARK)
        await ui.done(1)
        await ui.put("Second")
        await ui.done(2)
        assert given(ui, "teacher") == ["First", "s-two", "Second"]


async def test_other_models_are_shown_what_they_go_on_from(home: Path) -> None:
    async with comparing(three(home)) as ui:
        await ui.put("First")
        await ui.done(1)
        await ui.screen.comparing.use(["scripted:student", "scripted:teacher"])
        assert "s-one" in ui.pane(0) and "t-one" in ui.pane(1)
        await ui.put("Second")
        await ui.done(2)
        assert given(ui, "student") == ["First", "s-one", "Second"]
