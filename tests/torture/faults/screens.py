"""Much of what a terminal can bring: sizes, pastes, sessions."""

import json
import re
import time

from torture.chat import Chat, chatting
from torture.faults.registry import fault
from torture.world import STUDENT, World, pause

STORM = 120
LINE = "What a long line of text this is, pasted by somebody.\n"
PASTED = 5 << 20
SESSIONS = 200
_NUMBERED = re.compile(r"Chat (\d+) (q\w+)")


@fault("resize storm", weight=2)
def resized(world: World) -> None:
    """A hundred sizes while an answer streams; it is whole, and all on the screen."""
    with chatting(world, STUDENT) as chat:
        mark = chat.ask(500)
        chat.hears(mark)
        for _ in range(STORM):
            chat.terminal.resize(world.chance.randint(1, 250), world.chance.randint(1, 80))
            pause(world.chance, 0.03)
        at = time.monotonic()
        chat.terminal.resize(120, 40)
        answer = chat.ended(mark)
        if answer.state != "complete" or len(answer.text.split()) != 500:
            world.wrong(f"in a resize storm: {answer}"[:300])
        chat.terminal.wait_for("w499")
        chat.works(at)


@fault("paste of 5 MB", weight=1)
def pasted(world: World) -> None:
    """It becomes a file, and goes along whole."""
    text = LINE * (PASTED // len(LINE))
    with chatting(world, STUDENT) as chat:
        at = time.monotonic()
        chat.terminal.paste(text)
        chat.terminal.wait_for("pasted-1.txt")
        mark = chat.ask(3)
        answer = chat.ended(mark)
        if answer.state != "complete":
            world.wrong(f"asked with 5 MB: {answer}"[:300])
        asked = world.library.question(mark)
        if asked is None or asked.attached < len(text):
            world.wrong(f"5 MB were pasted and {asked and asked.attached} saved")
        chat.works(at)


def imported(world: World, count: int) -> dict[str, str]:
    """Sessions from a file; each id with a word that is in its text alone."""
    word = world.mark()
    rows = []
    for number in range(count):
        told = {"role": "user", "text": f"body {word}{number:03}z"}
        message = {"id": "1", "parent": None, "message": told}
        title = f"Chat {number:03} {word}"
        rows.append({"g4tui": 1, "title": title, "title_is_set": True, "messages": [message]})
    file = world.folder / "tmp" / f"{word}.json"
    file.write_text(json.dumps(rows))
    told = world.run("sessions", "import", str(file), "--json")
    if told.code != 0:
        world.wrong(f"import: {told}")
    found = [row for row in world.library.rows() if row.text.startswith(f"body {word}")]
    if len(found) != count:
        world.wrong(f"{count} sessions were imported, {len(found)} are there")
    return {row.session: row.text.split()[1] for row in found}


@fault("200 sessions opened in a row", weight=1)
def many_opened(world: World) -> None:
    """From the list, one after another, each seen."""
    opened_in_a_row(world, SESSIONS)


def opened_in_a_row(world: World, count: int) -> None:
    """The same for so many."""
    wanted = set(imported(world, count).values())
    with chatting(world, STUDENT) as chat:
        chat.terminal.resize(120, 40)
        chat.terminal.wait_for("Ask something", "Today")
        at = time.monotonic()
        while wanted:  # among those of a clock that has jumped ahead, which stay on top
            before = _transcript(chat.seen)
            chat.terminal.press("ctrl+b", "down", "enter")
            wanted.discard(_next_opened(chat, before))
        world.recovered(at)
        chat.terminal.press("ctrl+n")
        chat.works(time.monotonic())


def _next_opened(chat: Chat, before: str) -> str:
    """Wait until another chat stands there; its word if it is numbered, else its title."""
    looks = [before]

    def opened() -> bool:
        looks.append(_transcript(chat.seen))
        return looks[-1] == looks[-2] and _is_other(looks[-1], before)

    chat.until(opened, "another chat is open")
    return _word(looks[-1]) or looks[-1].partition("\n")[0]


def _transcript(screen: str) -> str:
    """The title, and what stands beside the list."""
    title, _, rest = screen.partition("\n")
    return "\n".join([title, *(line.rpartition("▕")[2] for line in rest.splitlines())])


def _word(shown: str) -> str:
    """That of a numbered chat, from its title."""
    numbered = _NUMBERED.search(shown.partition("\n")[0])
    return "{1}{0}z".format(*numbered.groups()) if numbered is not None else ""


def _is_other(shown: str, before: str) -> bool:
    """Numbered chats have their word in their text; of others, some have the same title."""
    title, _, rest = shown.partition("\n")
    told = before.partition("\n")[0]
    if word := _word(shown):
        return title != told and word in rest
    return title != told or (shown != before and "Ask something" not in before)
