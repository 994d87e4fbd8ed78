"""The command `register`."""

from pathlib import Path

import click

from g4tui_training.console import note, recipe_and_out, run_one, say, set_option
from g4tui_training.run import RunDir
from g4tui_training.stages import Stage


@click.command()
@recipe_and_out
@set_option
def register(recipe: Path, changes: tuple[str, ...], out: Path, again: bool, yes: bool) -> None:
    """Let the chat list the student, with its card."""
    run_one(register_stage(), recipe, out, changes=changes, again=again, yes=yes)
    show_registered(RunDir(out))


def register_stage() -> Stage:
    """The stage, imported when it runs."""
    from g4tui_training.register.stage import REGISTER

    return REGISTER


def show_registered(run: RunDir) -> None:
    """What can be opened now, and how."""
    import msgspec

    from g4tui_training.register.stage import Registered, registered_file

    made = msgspec.json.decode(registered_file(run).read_bytes(), type=Registered)
    if not made.models:
        note("No file passed the gate, so there is nothing to register. See: gguf/gate.json")
    for model in made.models:
        say(f"The student is {model}")
        say(f'  g4tui ask -m "{model}" "Hello"')
        if made.base:
            say(f'  g4tui compare -m "{made.base}" -m "{model}" "Hello"')
    if made.base and made.models:
        say("Ctrl+T in the chat compares it with its base after")
        say(f'  g4tui config set compare.teacher "{made.base}"')
        say(f'  g4tui config set compare.student "{made.models[0]}"')
