"""Three models on the compare screen: a vote on each two of them."""

from pathlib import Path

from support.compare_screen import (
    HINTS,
    STUDENT,
    TEACHER,
    Comparison,
    compare_rooms,
    comparing,
    saved_vote,
)
from support.rooms import Rooms


def three(home: Path) -> Rooms:
    return compare_rooms(home, {"teacher": ["One."], "student": ["Two."], "third": ["Three."]})


async def ask_three(ui: Comparison) -> None:
    """One question to three models."""
    await ui.screen.comparing.use([TEACHER, STUDENT, "scripted:third"])
    await ui.put("Well?")
    await ui.done()


async def test_of_three_each_two_have_a_vote_and_the_last_shows_the_names(home: Path) -> None:
    rooms = three(home)
    async with comparing(rooms, size=(160, 24)) as ui:
        await ui.press("ctrl+b")
        await ask_three(ui)
        await ui.sees(" 1 Answer A ", " 2 Answer B ", " Answer C ", "p Next pair", "no vote yet")
        await ui.press("1")
        await ui.sees("vote: left, 1 of 3")
        await ui.press("p")
        await ui.sees(" 1 Answer A ", " 2 Answer C ", "no vote yet")
        await ui.press("2", "p")
        await ui.sees(" 1 Answer B ", " 2 Answer C ")
        assert not [hint for hint in HINTS if hint in ui.shown], ui.shown
        await ui.press("3")
        await ui.sees("teacher  scripted:teacher", "third  scripted:third", "vote: tie, blind")
        await ui.misses("Answer A")
        await ui.press("p")
        await ui.sees("vote: left, blind")
        await ui.press("0")
        await ui.sees("no vote yet")
    (turn,) = rooms.store.turns()
    a, b, c = turn.shown
    assert [(vote.shown, vote.verdict, vote.blind) for vote in turn.votes] == [
        ((a, c), "right", True),
        ((b, c), "tie", True),
    ]


async def test_the_vote_told_of_is_that_of_the_pair_in_view(home: Path) -> None:
    """Other keys than the one for the next pair lead to another pair, too."""
    rooms = three(home)
    async with comparing(rooms, size=(160, 24)) as ui:
        await ask_three(ui)
        for key, verdict in [("1", "left"), ("2", "right"), ("4", "both bad")]:
            await ui.press(key)
            await ui.sees(f"vote: {verdict}")
            await ui.press("p")
        await ui.sees("vote: left")
        await ui.press("right")  # to the second of the pair
        await ui.press("right")
        await ui.sees(" 1 student  ", " 2 third  ", "vote: both bad")
        await ui.press("left")
        await ui.press("left")
        await ui.sees(" 1 teacher  ", " 2 student  ", "vote: left")
        ui.screen.action_show(2)
        await ui.sees(" 1 teacher  ", " 2 third  ", "vote: right")


async def test_a_vote_from_before_an_answer_was_asked_again_is_of_no_other_pair(home: Path) -> None:
    rooms = compare_rooms(
        home, {"teacher": ["One.", "Anew."], "student": ["Two."], "third": ["Three."]}
    )
    async with comparing(rooms, size=(160, 24)) as ui:
        await ask_three(ui)
        await ui.press("1")
        await ui.sees("vote: left")
        await ui.until(lambda: saved_vote(ui))
        await ui.press("r")
        await ui.sees("Anew.", "no vote yet")
        await ui.press("right", "right")
        await ui.sees(" 1 student  ", " 2 third  ", "no vote yet")
        await ui.press("0")
        await ui.done()
    assert len(rooms.store.votes()) == 1


async def test_who_goes_on_after_one_blind_vote_of_three_sees_the_names(home: Path) -> None:
    rooms = three(home)
    async with comparing(rooms, size=(160, 24)) as ui:
        await ui.press("ctrl+b")
        await ask_three(ui)
        await ui.press("1")
        await ui.until(lambda: rooms.store.votes())
        assert rooms.store.turns()[0].revealed is None
        await ui.press("v")
        await ui.sees("teacher  scripted:teacher", "vote: left, blind")
        await ui.put("More?")
        await ui.done(2)
        await ui.press("1")
        await ui.until(lambda: len(rooms.store.votes()) == 2)
        await ui.put("More?")
        await ui.done(3)
        assert rooms.store.turns()[1].revealed is not None
        assert rooms.store.turns()[2].revealed is None
