"""Hostile plugins in the real program."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.distributions import EXITS, RAISES, WRONG_API, make_distribution
from torture.chat import chatting
from torture.faults.registry import fault
from torture.world import STUDENT, World

HANGS = """
import threading
G4TUI_API = 1
threading.Event().wait()
"""
FLOODS = """
import sys
G4TUI_API = 1
for number in range(20_000):
    print("flood", number, "x" * 100)
    print("flood", number, "x" * 100, file=sys.stderr)
"""
HOOK = """
import threading
from g4tui.core import Backend, NoOptions
from g4tui.plugin import hookimpl
G4TUI_API = 1


@hookimpl
def {hook}({arguments}):
    {body}
"""
BODIES = {
    "raises": "raise RuntimeError('no \\x1b[2J luck')",
    "exits": "raise SystemExit(3)",
    "interrupts": "raise KeyboardInterrupt",
    "hangs": "threading.Event().wait()",
    "lies": "return [7]",
    "prints": "print('x' * 1_000_000)",
}
HOOKS = {
    "g4tui_register_backends": "",
    "g4tui_register_exporters": "",
    "g4tui_register_importers": "",
    "g4tui_register_commands": "",
    "g4tui_prepare_turn": "request",
    "g4tui_turn_finished": "turn",
}
HOSTILE = {
    "raises": RAISES,
    "hangs": HANGS,
    "wrong API": WRONG_API,
    "exits": EXITS,
    "floods": FLOODS,
    "no Python": "def broken(:",
} | {
    f"{hook} {how}": HOOK.format(hook=hook, arguments=arguments, body=body)
    for hook, arguments in HOOKS.items()
    for how, body in BODIES.items()
}


@contextmanager
def installed(world: World, *names: str) -> Iterator[None]:
    """These are installed, and gone afterwards."""
    before = set(world.site.iterdir())
    for number, name in enumerate(names):
        make_distribution(world.site, f"hostile-{number}", HOSTILE[name])
    try:
        yield
    finally:
        for path in set(world.site.iterdir()) - before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def any_three(world: World) -> list[str]:
    """Some of them together."""
    chosen = world.chance.sample(sorted(HOSTILE), 3)
    world.log(f"  {', '.join(chosen)}")
    return chosen


@fault("hostile plugins in the chat", weight=4)
def in_the_chat(world: World) -> None:
    """The chat is there, answers, and ends."""
    with installed(world, *any_three(world)), chatting(world, STUDENT) as chat:
        at = time.monotonic()
        chat.works(at)
        chat.works(at)
        if "flood" in chat.seen or b"flood 1" in chat.terminal.raw:
            world.wrong(f"a plugin's output is on the screen:\n{chat.seen}")


@fault("hostile plugins on the command line", weight=3)
def on_the_command_line(world: World) -> None:
    """`ask` answers, stdout is the answer's alone, `plugins` tells what is wrong with each."""
    with installed(world, *any_three(world)):
        at = time.monotonic()
        told = world.run("ask", "-m", STUDENT.id, "--json", STUDENT.question(3, world.mark()))
        if told.code != 0 or json.loads(told.out)["text"] != "w0 w1 w2 ":
            world.wrong(f"ask among hostile plugins: {told}"[:1000])
        listed = world.run("plugins", "--json")
        for plugin in json.loads(listed.out):
            if plugin["status"] == "failed":
                told_of = zip(
                    ("title", "detail", "remedy"), plugin["error"].split("\n"), strict=False
                )
                world.failed(dict(told_of))
        world.recovered(at)
