"""The end, a stop, and every misdeed of the process that holds a local model."""

import json
import os
import signal
import time

from support.processes import running
from torture.chat import Chat, chatting
from torture.faults.kills import begun
from torture.faults.registry import fault
from torture.world import STUDENT, Model, World, pause, until

HARM = (
    "crashes", "dies 6", "dies 11", "dies 7", "exits 3", "garbage 0", "garbage 1", "garbage 2",
    "garbage 4", "closes_pipe", "raises", "refuses", "quits", "no_memory", "no_end",
    "no_event 0", "no_event 1", "no_event 2", "no_event 3",
)  # fmt: skip
"""What `support.fake_native` can do that ends an answer in a failure."""
DEAF = ("hangs", "holds_lock", "ignores_term", "deaf", "endless")
"""What only ends when it is stopped, by force if need be."""


def local(world: World) -> Model:
    """A model in a worker."""
    real = [world.real] if world.real is not None else []
    return world.chance.choice([STUDENT, STUDENT, *real])


def worker_of(world: World, chat: Chat) -> int:
    """The one worker of a chat."""
    (worker,) = world.watch.workers_of(chat.pid)
    return worker


@fault("kill -9 of the worker", weight=4)
def worker_killed(world: World) -> None:
    """One panel, the text so far, and the next question works."""
    with chatting(world, local(world)) as chat:
        mark = begun(world, chat)
        at = time.monotonic()
        os.kill(worker_of(world, chat), signal.SIGKILL)
        answer = chat.ended(mark)
        if answer.state != "interrupted" or not answer.text:
            world.wrong(f"its worker was killed: {answer}"[:300])
        chat.sees_failure(answer)
        chat.works(at)


@fault("SIGSTOP of the worker, and Esc", weight=2)
def worker_stopped(world: World) -> None:
    """Esc ends the answer; what does not hear is ended by force."""
    with chatting(world, local(world)) as chat:
        mark = begun(world, chat)
        at = time.monotonic()
        os.kill(worker_of(world, chat), signal.SIGSTOP)
        pause(world.chance, 0.5)
        chat.terminal.press("esc")
        answer = chat.ended(mark)
        if answer.state != "stopped" or not answer.text:
            world.wrong(f"stopped by Esc: {answer}"[:300])
        chat.works(at)


@fault("SIGSTOP of the worker for a while", weight=1)
def worker_paused(world: World) -> None:
    """It goes on where it was."""
    with chatting(world, STUDENT) as chat:
        mark = chat.ask(300)
        chat.hears(mark)
        worker = worker_of(world, chat)
        os.kill(worker, signal.SIGSTOP)
        pause(world.chance, 3.0)
        at = time.monotonic()
        os.kill(worker, signal.SIGCONT)
        answer = chat.ended(mark)
        if answer.state != "complete" or answer.text.split() != [f"w{n}" for n in range(300)]:
            world.wrong(f"after a pause: {answer}"[:300])
        chat.works(at)


@fault("SIGSTOP of the worker, and Ctrl+Q", weight=1)
def worker_stopped_and_left(world: World) -> None:
    """Quitting waits for nobody, and leaves nobody behind."""
    with chatting(world, local(world)) as chat:
        begun(world, chat)
        os.kill(worker_of(world, chat), signal.SIGSTOP)
        at = time.monotonic()
        chat.quit()
        world.recovered(at)


@fault("SIGSTOP of the worker, and kill -9 of the chat", weight=1)
def worker_stopped_and_orphaned(world: World) -> None:
    """It can do nothing while it is stopped; as soon as it goes on it ends."""
    with chatting(world, local(world)) as chat:
        begun(world, chat)
        worker = worker_of(world, chat)
        os.kill(worker, signal.SIGSTOP)
        chat.kill()
        at = time.monotonic()
        os.kill(worker, signal.SIGCONT)
        until(lambda: not running(worker), "the orphan ends")
        world.recovered(at)


@fault("native code does harm", weight=3)
def harm(world: World) -> None:
    """A crash, nonsense or an exception in the worker is one failed answer of `ask`."""
    at = time.monotonic()
    for what in world.chance.sample(HARM, 2):
        told = world.run("ask", "-m", STUDENT.id, "--json", f"{what} {world.mark()}")
        answer = json.loads(told.out)
        if told.code != 1 or answer["finish_reason"] is not None:
            world.wrong(f"{what}: {told}")
        world.failed(answer.get("error"))
    world.run("models", "release", STUDENT.id)
    told = world.run("ask", "-m", STUDENT.id, "--json", STUDENT.question(3, world.mark()))
    if told.code != 0:
        world.wrong(f"released after harm, it does not answer: {told}")
    world.recovered(at)


@fault("native code hears nothing", weight=2)
def deaf(world: World) -> None:
    """Esc ends it, by force if need be."""
    with chatting(world, STUDENT) as chat:
        mark, what = world.mark(), world.chance.choice(DEAF)
        chat.terminal.type(f"{what} 0 {mark}\r")
        chat.until(lambda: world.library.answers(mark), f"{what} is asked")
        chat.hears(mark, 2)
        at = time.monotonic()
        chat.terminal.press("esc")
        answer = chat.ended(mark)
        if answer.state not in ("stopped", "interrupted"):
            world.wrong(f"{what}, stopped by Esc: {answer}"[:300])
        chat.works(at)


@fault("two crashes, and the model is held back", weight=1)
def quarantined(world: World) -> None:
    """Told what it is and how it is released; released, it answers."""
    with chatting(world, STUDENT) as chat:
        at = time.monotonic()
        for _ in range(2):
            mark = world.mark()
            chat.terminal.type(f"crashes 0 {mark}\r")
            chat.sees_failure(chat.ended(mark))
        answer = chat.ended(chat.ask(3))
        if answer.error is None or answer.error["kind"] != "quarantined":
            world.wrong(f"crashed twice and not held back: {answer}"[:300])
        chat.sees_failure(answer)
        released = world.run("models", "release", STUDENT.id)
        if released.code != 0:
            world.wrong(f"it cannot be released: {released}")
        chat.works(at)
