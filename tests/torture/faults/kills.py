"""The end of the program in the middle of an answer."""

import json
import os
import signal
import subprocess
import time

from support.command_line import command
from torture.chat import Chat, chatting
from torture.faults.registry import fault
from torture.world import STUDENT, TEACHER, World, pause, until

LONG = 2_000
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def begun(world: World, chat: Chat) -> str:
    """A long answer that has been going on for a random while; its question's mark."""
    mark = chat.ask(LONG)
    chat.hears(mark)
    pause(world.chance, 0.8)
    return mark


@fault("kill -9 of the chat", weight=4)
def chat_killed(world: World) -> None:
    """What was saved is there, marked as interrupted; nothing is sent again."""
    model = world.any_model()
    with chatting(world, model) as chat:
        mark = begun(world, chat)
        at = chat.kill()
    asked = len(world.teacher.chats) + len(world.other.chats)
    session = world.library.answers(mark)[0].session
    with chatting(world, model, session=session, ready="interrupted") as chat:
        (answer,) = world.library.answers(mark)
        if answer.state != "interrupted":
            world.wrong(f"killed, and not interrupted: {answer}"[:300])
        if len(world.teacher.chats) + len(world.other.chats) != asked:
            world.wrong("something was sent by itself after a kill")
        chat.works(at)


@fault("the chat ended by a signal", weight=2)
def chat_signalled(world: World) -> None:
    """SIGTERM, SIGHUP, SIGINT or SIGQUIT: saved, and the terminal as it was."""
    number = world.chance.choice(ENDING)
    with chatting(world, world.any_model()) as chat:
        mark = begun(world, chat)
        kept = world.library.answers(mark)[0].text
        at = time.monotonic()
        chat.terminal.process.send_signal(number)
        status = chat.terminal.wait_exit(30)
        world.recovered(at)
    answer = world.library.answers(mark)[0]
    if status != 128 + number:
        world.wrong(f"{number!r} ended it with {status}")
    if answer.state not in ("stopped", "interrupted") or not answer.text.startswith(kept):
        world.wrong(f"{number!r} left {answer}"[:300])


@fault("the terminal goes away", weight=1)
def terminal_gone(world: World) -> None:
    """As when ssh drops: the program ends, and its worker."""
    with chatting(world, world.any_model()) as chat:
        begun(world, chat)
        at = time.monotonic()
        os.close(chat.terminal._master)
        chat.terminal._master = os.open(os.devnull, os.O_RDWR)
        chat.terminal.process.wait(30)
        world.recovered(at)
        chat.terminal.process.returncode = -9  # nothing can be said of a terminal that is gone


def killed_in_mid_answer(world: World, mark: str, *arguments: str) -> float:
    """Start a command, kill it -9 while it answers; when."""
    child = subprocess.Popen(
        command(*arguments),
        env=world.environment,
        cwd=world.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: any(row.text for row in world.library.answers(mark)), "it answers")
        pause(world.chance, 0.5)
        world.ledger.saw(world.library.rows())
    finally:
        at = time.monotonic()
        child.kill()
        output, _ = child.communicate(timeout=20)
        world.said(arguments[0], output)
    return at


@fault("kill -9 of ask")
def ask_killed(world: World) -> None:
    """The next command goes on with the session."""
    model, mark = world.any_model(), world.mark()
    at = killed_in_mid_answer(world, mark, "ask", "-m", model.id, model.question(LONG, mark))
    told = world.run("ask", "--continue", "--json", model.question(3, world.mark()))
    answer = json.loads(told.out)
    if told.code != 0 or not answer["text"]:
        world.wrong(f"after a kill: {told}")
    world.ledger.was_told(answer["session"], "assistant", answer["text"])
    world.recovered(at)


@fault("kill -9 of compare")
def compare_killed(world: World) -> None:
    """Both sides keep what they had."""
    mark = world.mark()
    sides = ["-m", STUDENT.id, "-m", TEACHER.id]
    at = killed_in_mid_answer(world, mark, "compare", *sides, STUDENT.question(LONG, mark))
    told = world.run("compare", *sides, "--json", STUDENT.question(3, world.mark()))
    found = json.loads(told.out)
    if told.code != 0 or [each["text"] for each in found["answers"]] != ["w0 w1 w2 "] * 2:
        world.wrong(f"after a kill: {told}")
    world.recovered(at)
