"""A teacher that misbehaves."""

import json
import time

from torture import servers
from torture.chat import chatting
from torture.faults.registry import fault
from torture.world import OTHER, STUDENT, TEACHER, World

MISDEEDS = sorted(servers.MISDEEDS)


@fault("the teacher misbehaves, asked by ask", weight=5)
def asked(world: World) -> None:
    """One failed answer that says why, and the next is whole."""
    at = time.monotonic()
    for name in world.chance.sample(MISDEEDS, 2):
        world.log(f"  {name}")
        world.teacher.handlers = [servers.MISDEEDS[name]]
        told = world.run("ask", "-m", TEACHER.id, "--json", TEACHER.question(3, world.mark()))
        answer = json.loads(told.out)
        if told.code != 1 or answer["finish_reason"] is not None:
            world.wrong(f"{name}: {told}")
        world.failed(answer.get("error"))
    world.well()
    told = world.run("ask", "--continue", "--json", TEACHER.question(3, world.mark()))
    answer = json.loads(told.out)
    if told.code != 0 or answer["text"] != "w0 w1 w2 ":
        world.wrong(f"after misdeeds: {told}")
    world.ledger.was_told(answer["session"], "assistant", answer["text"])
    world.recovered(at)


@fault("the teacher misbehaves, in a comparison", weight=3)
def compared(world: World) -> None:
    """The other side is whole."""
    name = world.chance.choice(MISDEEDS)
    world.log(f"  {name}")
    world.teacher.handlers = [servers.MISDEEDS[name]]
    sides = ["-m", TEACHER.id, "-m", world.chance.choice([STUDENT, OTHER]).id]
    told = world.run("compare", *sides, "--json", STUDENT.question(3, world.mark()))
    found = json.loads(told.out)
    failed, whole = found["answers"]
    if told.code != 1 or failed["finish_reason"] is not None or whole["text"] != "w0 w1 w2 ":
        world.wrong(f"{name}: {told}")
    world.failed(failed.get("error"))
    world.ledger.was_told(found["session"], "assistant", whole["text"])


@fault("the teacher misbehaves, in the chat", weight=4)
def chatted(world: World) -> None:
    """A panel, and the next question works."""
    with chatting(world, TEACHER) as chat:
        name = world.chance.choice(MISDEEDS)
        world.log(f"  {name}")
        world.teacher.handlers = [servers.MISDEEDS[name]]
        at = time.monotonic()
        answer = chat.ended(chat.ask(3))
        chat.sees_failure(answer)
        world.well()
        chat.works(at)
