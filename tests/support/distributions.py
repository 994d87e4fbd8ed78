"""Installed plugins for tests: real dist-info folders with entry points, on the path or not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

RAISES = """
raise RuntimeError("no luck at import")
"""

HANGS = """
import time
G4TUI_API = 1
time.sleep(30)
"""

WRONG_API = """
G4TUI_API = 99
"""

EXITS = """
import sys
sys.exit(3)
"""

COMMANDS = '''
import click
from g4tui.plugin import hookimpl

G4TUI_API = 1
print("a plugin that prints at import")


@click.command()
@click.argument("word")
def echo(word):
    """Say a word."""
    click.echo(word * (2 if word != "bug" else 1 // 0))


@hookimpl
def g4tui_register_commands():
    return [echo]
'''

ECHO_BACKEND = '''
"""A backend that answers with the last message; its models are there at once."""

from g4tui.core import AsyncEngine, Backend, Finished, ModelInfo, NoOptions, TextDelta, Usage
from g4tui.plugin import hookimpl

G4TUI_API = 1


class Engine(AsyncEngine):
    context = 4096

    async def generate(self, request, cancel):
        words = request.messages[-1].text
        yield TextDelta(words)
        yield Usage(prompt=self.count_tokens(request.messages), completion=len(words.split()))
        yield Finished("stop")


class Echo(Backend):
    name = "echo"
    runs = "loop"
    options = NoOptions

    def models(self, host, options):
        return [ModelInfo(id="echo:one", backend="echo", title="Echo")]

    def open(self, spec, options, host):
        return Engine()


@hookimpl
def g4tui_register_backends():
    return [Echo()]
'''


def make_distribution(
    folder: Path,
    name: str,
    source: str,
    *,
    entry: str | None = None,
    version: str = "1.0",
    extras: Mapping[str, Sequence[str]] = {},
) -> None:
    """Install a plugin of one module into `folder`, which must be on the path to count.

    `entry` is the entry point's name (else `name`); `extras` maps each extra to its requirements.
    """
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    for extra, requirements in extras.items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {each}; extra == "{extra}"' for each in requirements]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    points = f"[g4tui]\n{entry or name} = {module}\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


TALKER = '''
"""A backend whose models do what their names say: count, fail, hostile, think, hooked."""

import asyncio

from g4tui.core import (
    AsyncEngine, Backend, ErrorInfo, Failed, Finished, G4tuiError, ModelInfo, NoOptions,
    ReasoningDelta, TextDelta, Usage,
)
from g4tui.plugin import hookimpl

G4TUI_API = 1
HOSTILE = "a\\x1b]52;c;aGk=\\x07b\\u202ec\\x9bd"


class Engine(AsyncEngine):
    context = 2000

    def __init__(self, model):
        self.model = model

    async def generate(self, request, cancel):
        if self.model == "count":
            for number in range(100_000):
                if cancel.requested:
                    yield Usage(completion=number)
                    yield Finished("cancelled")
                    return
                yield TextDelta(f"{number} ")
                await asyncio.sleep(0.01)
        if self.model == "fail":
            yield TextDelta("so far ")
            key = "sk-abcdefghijklmnop"
            yield Failed(ErrorInfo("server", "It broke\\x1b[2J", f"with {key}", "Wait."))
            return
        if self.model == "raise":
            raise RuntimeError("sk-abcdefghijklmnop was here")
        if self.model == "think":
            yield ReasoningDelta("hm")
        yield TextDelta(HOSTILE if self.model == "hostile" else request.messages[-1].text)
        yield Usage(prompt=3, completion=2, ttft_s=0.1, tok_per_s=20.0, cost_usd=0.0)
        yield Finished("stop")


class Talker(Backend):
    name = "talker"
    runs = "loop"
    options = NoOptions

    def models(self, host, options):
        return [ModelInfo(id="talker:say", backend="talker", title="Says it\\x1b[2J again")]

    def destination(self, spec, options):
        return "far.example" if spec.model == "far" else ""

    def open(self, spec, options, host):
        if spec.model == "broken":
            raise G4tuiError("model", "It does not open", "On purpose.", "Choose another.")
        return Engine(spec.model)


@hookimpl
def g4tui_register_backends():
    return [Talker()]
'''

TITLES_EXPORTER = '''
"""An exporter by somebody else: the titles alone."""

from g4tui.plugin import Exporter, hookimpl

G4TUI_API = 1


class Titles(Exporter):
    name, title, suffix = "titles", "Titles only", ".titles"

    def write(self, transcripts, out):
        for transcript in transcripts:
            if transcript.title == "raise":
                raise ZeroDivisionError("no titles today")
            out.write(transcript.title.encode() + b"\\n")


@hookimpl
def g4tui_register_exporters():
    return [Titles()]
'''
