"""A backend that says everything back in capitals, and a hook that fills in the date."""

import time
from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from g4tui import core
from g4tui.plugin import hookimpl

G4TUI_API = 1


class ShoutEngine(core.Engine):
    context = 4000

    def generate(self, request: core.Request, cancel: core.Cancel) -> Iterator[core.Event]:
        prompt, params = self.count_tokens(request.messages), request.params
        if prompt > self.context:
            raise core.G4tuiError("context", "Too long", f"{prompt} tokens.", "Say it shorter.")
        text = request.messages[-1].content.upper() + "!"
        for stop in params.stop:
            text = text.partition(stop)[0]
        words = text.split(" ")
        spoken = words[: params.max_tokens]
        for number, word in enumerate(spoken):
            if cancel.requested:
                yield core.Finished("cancelled")
                return
            yield core.TextDelta(f" {word}" if number else word)
            time.sleep(0.02)
        yield core.Usage(prompt=prompt, completion=len(spoken), estimated=True, cost_usd=0.0)
        yield core.Finished("stop" if spoken == words else "length")


class ShoutBackend(core.Backend[core.NoOptions]):
    name = "shout"
    options = core.NoOptions

    def models(self, host: core.Host, options: core.NoOptions) -> list[core.ModelInfo]:
        return [core.ModelInfo("shout:loud", "shout", "Loud", context=4000)]

    def open(self, spec: core.ModelSpec, options: core.NoOptions, host: core.Host) -> ShoutEngine:
        if spec.model != "loud":
            raise core.G4tuiError("missing", "No such voice", spec.model, "Use shout:loud.")
        return ShoutEngine()


@hookimpl
def g4tui_register_backends() -> list[ShoutBackend]:
    return [ShoutBackend()]


@hookimpl
def g4tui_prepare_turn(request: core.Request) -> core.Request:
    last = request.messages[-1]
    dated = replace(last, text=last.text.replace("{today}", date.today().isoformat()))
    return replace(request, messages=(*request.messages[:-1], dated))
