"""A full disk and one that cannot be written."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator

from support import disks
from torture.chat import Chat, chatting
from torture.faults.registry import fault
from torture.world import STUDENT, SkippedError, World

STORY = 600
PANEL = "Ctrl+R try again"


@contextlib.contextmanager
def full(world: World) -> Iterator[None]:
    """Not a byte is left on the disk of the home."""
    if world.small_disk:
        raise SkippedError(world.small_disk)
    filler = world.home / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def unwritable(world: World) -> Iterator[None]:
    """The home is read-only."""
    if os.geteuid() == 0:
        if world.small_disk:
            raise SkippedError(world.small_disk)
        disks.remounted(world.home, "ro")
        try:
            yield
        finally:
            disks.remounted(world.home, "rw")
        return
    modes = {path: path.stat().st_mode for path in (world.home, *world.home.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def typed_in_vain(chat: Chat, words: str) -> str:
    """A question that cannot be saved: told, not sent, and still there; its mark."""
    unsent = chat.world.mark()
    chat.terminal.type(f"paced 3 {unsent}")
    chat.terminal.wait_for(unsent)
    chat.terminal.press("enter")
    chat.terminal.wait_for(words)
    chat.terminal.wait_gone("esc Stop")
    if unsent not in chat.seen:
        chat.world.wrong(f"what could not be saved is gone from the screen:\n{chat.seen}")
    if chat.world.library.question(unsent) is not None:
        chat.world.wrong("what could not be saved is saved")
    return unsent


def sent_after_all(chat: Chat, unsent: str) -> None:
    """It can be saved now: Enter, and it is answered."""
    at = time.monotonic()
    chat.terminal.press("enter")
    chat.until(lambda: chat.world.library.question(unsent), "what was typed is sent after all")
    chat.ended(unsent)
    chat.works(at)


def refused_by_ask(world: World) -> None:
    """The command says why it cannot save."""
    told = world.run("ask", "-m", STUDENT.id, "--json", STUDENT.question(3, world.mark()))
    answer = json.loads(told.out) if told.out else {}
    if told.code != 1 or answer.get("error", {}).get("kind") != "storage":
        world.wrong(f"ask where nothing can be saved: {told}")
    world.failed(answer.get("error"))


def begun_in_vain(world: World, words: str, mend: Callable[[], object], **environment: str) -> None:
    """The chat is started where nothing can be saved; then `mend` ends that, and it works.

    A library that could be opened takes no question; where none could, a panel says so.
    """
    with chatting(world, STUDENT, ready="", environment=environment) as chat:
        chat.until(lambda: "Ask something" in chat.seen or PANEL in chat.seen, "it has begun")
        if PANEL not in chat.seen:
            unsent = typed_in_vain(chat, words)
            mend()
            sent_after_all(chat, unsent)
            return
        mend()
        at = time.monotonic()
        chat.terminal.press("ctrl+r")
        chat.terminal.wait_gone(PANEL)
        chat.terminal.wait_for("Ask something")
        world.recovered(at)


@fault("disk full in the middle of an answer", weight=3)
def full_in_mid_answer(world: World) -> None:
    """The answer goes on, says that it is not saved, and is saved once there is room."""
    with chatting(world, STUDENT) as chat:
        mark = chat.ask(STORY)
        chat.hears(mark)
        with full(world):
            chat.terminal.wait_for("not saved yet")
            unsent = typed_in_vain(chat, "full")
        sent_after_all(chat, unsent)
        answer = chat.ended(mark)
        if answer.state != "complete" or len(answer.text.split()) != STORY:
            world.wrong(f"the answer from the full disk: {answer}"[:300])


@fault("disk full at the start")
def full_at_start(world: World) -> None:
    """`ask` says so; the chat says so, and goes on once there is room."""
    with full(world):
        refused_by_ask(world)
        begun_in_vain(world, "full", lambda: os.truncate(world.home / "filler", 0))


@fault("disk full, and no library yet", weight=1)
def full_at_first(world: World) -> None:
    """The same with a panel."""
    fresh = str(world.home / world.mark())
    with full(world):
        room = world.home / "filler"
        begun_in_vain(world, "full", lambda: os.truncate(room, 0), G4TUI_HOME=fresh)


@fault("read-only home")
def read_only(world: World) -> None:
    """The same where nothing may be written."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(unwritable(world))
        refused_by_ask(world)
        begun_in_vain(world, "writing", stack.close)


@fault("read-only home, and no library yet", weight=1)
def read_only_at_first(world: World) -> None:
    """The same with a panel."""
    fresh = str(world.home / world.mark())
    with contextlib.ExitStack() as stack:
        stack.enter_context(unwritable(world))
        begun_in_vain(world, "writing", stack.close, G4TUI_HOME=fresh)
