"""What an answer of a comparison should have been."""

from pathlib import Path

from support.compare_screen import (
    LEARNS,
    TEACHES,
    comparing,
    saved_vote,
    two,
)


async def test_a_correction_is_a_sibling_in_the_place_of_its_answer(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("right", "c")
        await ui.sees("What student should have answered")
        await ui.press("end")
        await ui.type(" Indeed")
        await ui.press("ctrl+s")
        await ui.sees("A quick answer. Indeed", "Corrected by you", TEACHES)
        (turn,) = rooms.store.turns()
        siblings = rooms.store.siblings(turn.answers[1])
        assert [each.corrects for each in siblings] == [None, None, turn.answers[1]]
        assert rooms.store.message(turn.answers[1]).message.text == LEARNS


async def test_what_is_edited_goes_on_where_it_ended(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("1")
        await ui.until(lambda: saved_vote(ui))
        for words in ("Clear", "er"):
            await ui.press("w")
            await ui.sees("Why?")
            await ui.type(words)
            await ui.press("ctrl+s")
            await ui.misses("Why?")
        await ui.until(lambda: rooms.store.votes()[0].reason == "Clearer")
        await ui.press("c")
        await ui.sees("should have answered")
        await ui.type(" Yes.")
        await ui.press("ctrl+s")
        await ui.sees(f"{TEACHES} Yes.", "Corrected by you")


async def test_a_correction_that_was_begun_is_not_dropped_by_esc(home: Path) -> None:
    rooms = two(home)
    async with comparing(rooms) as ui:
        await ui.put("Well?")
        await ui.done()
        await ui.press("c")
        await ui.sees("should have answered")
        await ui.type("No ")
        await ui.press("escape")
        await ui.sees("Drop what you wrote?")
        await ui.press("n")
        await ui.misses("Drop what you wrote?")
        await ui.press("ctrl+s")
        await ui.sees("Corrected by you")
