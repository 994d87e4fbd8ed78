"""`g4tui-train`, which is also `g4tui train`: one lazy command a stage, so that help is quick."""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, and what `--help` says of it without importing it."""

    module: str
    attribute: str
    help: str


# In the order of a run.
COMMANDS: Mapping[str, Lazy] = {
    "init": Lazy("g4tui_training.commands", "init", "Write a commented recipe."),
    "run": Lazy("g4tui_training.commands", "run", "Run every stage of a recipe."),
    "prompts": Lazy("g4tui_training.commands", "prompts", "Gather prompts from the sources."),
    "collect": Lazy("g4tui_training.collect.commands", "collect", "Ask the teacher."),
    "clean": Lazy("g4tui_training.clean.commands", "clean_command", "Choose what is fit to learn."),
    "map": Lazy("g4tui_training.map.commands", "map_command", "Draw a map of prompts."),
    "train": Lazy("g4tui_training.train.commands", "train", "Tune the base on the answers."),
    "why": Lazy("g4tui_training.clean.commands", "why_command", "Explain what became of a row."),
    "undo": Lazy("g4tui_training.clean.commands", "undo_command", "Take a rule of clean back."),
    "export": Lazy("g4tui_training.export.commands", "export", "Write files for the chat."),
    "evaluate": Lazy("g4tui_training.evaluate.commands", "evaluate", "Measure models."),
    "report": Lazy("g4tui_training.cards.commands", "report", "Write the cards; compare runs."),
    "register": Lazy("g4tui_training.register.commands", "register", "List it in the chat."),
}


# What is not installed with g4tui itself, and what installs it.
EXTRAS = {
    "numpy": "train-data",
    "pyarrow": "train-data",
    "sklearn": "train-data",
    **dict.fromkeys(
        ("accelerate", "gguf", "matplotlib", "peft", "safetensors", "torch", "transformers"),
        "train",
    ),
}


def load(module: str, attribute: str) -> Any:  # noqa: ANN401 - whatever has that name
    """What a module has under a name; a missing extra is an error that says how to mend it."""
    # Threads of libgomp (torch's) spin while they wait. On cores that others use too that wastes
    # whole time slices: with four other busy processes on two cores a short spin is 18 times as
    # fast. It counts only if it is set before torch is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # What one library has against another is nothing that a person could mend.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    with telling_extras():
        return getattr(import_module(module), attribute)


@contextmanager
def telling_extras() -> Iterator[None]:
    """A module that is missing becomes a `G4tuiError` that names the extra which has it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (extra := EXTRAS.get(error.name or "")) is None:
            raise
        from g4tui.core import G4tuiError

        raise G4tuiError(
            "missing",
            f"This needs {error.name}, which is not installed",
            "It comes with an extra of g4tui.",
            f'pip install "g4tui[{extra}]"',
        ) from error


def check_alone(what: str) -> None:
    """Raises `G4tuiError` (`usage`) in one of several processes that a launcher started."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from g4tui.core import G4tuiError

        raise G4tuiError(
            "usage",
            f"{what} is work for one process",
            f"The launcher started {os.environ['WORLD_SIZE']}.",
            "Only train shares its work: start that one under torchrun or accelerate, before it"
            " g4tui-train run RECIPE --until clean, and behind it g4tui-train run RECIPE.",
        )


class Stages(click.Group):
    """All commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of their table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if (lazy := COMMANDS.get(cmd_name)) is None:
            return None
        command: click.Command = load(lazy.module, lazy.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """As click does; what a command imports while it runs may be missing too."""
        with telling_extras():
            result: object = super().invoke(ctx)
        return result

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess for a name that nobody has.

        Raises `G4tuiError` where a launcher starts several processes of what only one can do.
        """
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from g4tui.core.nearest import did_you_mean

            guess = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"There is no command {args[0]!r}. {guess}".rstrip(), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and name != "train":
            check_alone(name)
        return name, command, rest


def group(name: str) -> click.Group:
    """The commands under a name of their own."""
    return Stages(
        name,
        help="Make a small model that learned from a teacher's answers.\n\n"
        "Everything is in one TOML file, the recipe, and one folder, the run:"
        " `init` writes the first, `run` fills the second.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
