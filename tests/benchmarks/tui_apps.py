"""Programs that `bench_tui` runs in a terminal: ours and the bare ones beside it.

Each writes one JSON object to the file it is given: what it measured of itself.
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Markdown

RATE = 200
"""Tokens a second of one stream."""
TOKENS = 1_200
FLUSH_S = 0.04
TICK_S = 0.005

PASSAGE = """\
A laptop **can** run a small model: the weights of a *quantised* one fit into memory, and a few
threads are enough for reading speed. There is more to it, of course, and `llama.cpp` does most.

- It needs a file of weights.
- It needs memory for what was said, which grows with every word of the conversation.
- It is slower than a server, and it is yours.

```python
def answer(question: str) -> str:
    return model.generate(question, max_tokens=256)
```

| model | size | speed |
|---|---|---|
| small | 98 MB | 40 tok/s |
| large | 4 GB | 4 tok/s |

"""


def pieces() -> list[str]:
    """`TOKENS` tokens of about four characters."""
    text = PASSAGE * (1 + 4 * TOKENS // len(PASSAGE))
    return [text[start : start + 4] for start in range(0, 4 * TOKENS, 4)]


async def paced() -> AsyncIterator[str]:
    """The pieces, each when it is due; late ones come at once, as from a pipe."""
    began = time.perf_counter()
    for number, piece in enumerate(pieces()):
        wait = began + number / RATE - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        yield piece


class Watch:
    """How late the loop comes to things, and the processor time between start and stop."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._task = asyncio.create_task(self._look())
        self._processor = time.process_time()
        self._began = time.perf_counter()

    async def _look(self) -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            self._lags.append(max(0.0, time.perf_counter() - due))

    def stop(self) -> dict[str, float]:
        """Seconds: lag at the 95th and 99th percentile, processor, wall."""
        self._task.cancel()
        lags = sorted(self._lags)
        return {
            "p95": lags[len(lags) * 95 // 100],
            "p99": lags[len(lags) * 99 // 100],
            "processor": time.process_time() - self._processor,
            "wall": time.perf_counter() - self._began,
        }


def write(result: Path, values: Any) -> None:
    """For the parent."""
    result.write_text(json.dumps(values), encoding="utf-8")


class BareStreams(App[None]):
    """Two of Textual's own Markdown widgets, each fed by its own stream."""

    def __init__(self, result: Path) -> None:
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        with Horizontal():
            for _ in range(2):
                with VerticalScroll() as column:
                    column.anchor()
                    yield Markdown()

    def on_mount(self) -> None:
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        await asyncio.sleep(0.5)
        watch = Watch()
        await asyncio.gather(*map(self._feed, self.query(Markdown)))
        write(self._result, watch.stop())
        self.exit()

    async def _feed(self, widget: Markdown) -> None:
        stream = Markdown.get_stream(widget)
        gathered, flushed = "", time.perf_counter()
        async for piece in paced():
            gathered += piece
            if time.perf_counter() - flushed >= FLUSH_S:
                await stream.write(gathered)
                gathered, flushed = "", time.perf_counter()
        await stream.write(gathered)
        await stream.stop()


class OurStreams(App[None]):
    """Two transcripts, each with an answer that grows."""

    def __init__(self, result: Path) -> None:
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        from g4tui.tui.widgets.transcript import Transcript

        with Horizontal():
            yield Transcript(id="left", flush_s=FLUSH_S)
            yield Transcript(id="right", flush_s=FLUSH_S)

    def on_mount(self) -> None:
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        from g4tui.tui.widgets.transcript import Transcript

        await asyncio.sleep(0.5)
        watch = Watch()
        await asyncio.gather(*map(self._feed, self.query(Transcript)))
        write(self._result, watch.stop())
        self.exit()

    async def _feed(self, transcript: Any) -> None:
        from g4tui.core import Message, Params
        from g4tui.store import MessageRow
        from g4tui.tui.widgets.message_entry import MessageEntry

        row = MessageRow(
            id=str(transcript.id),
            session="one",
            parent=None,
            message=Message("assistant", ""),
            state="streaming",
            model="scripted:parrot",
            params=Params(),
            usage=None,
            error=None,
            finish_reason=None,
            starred=False,
            created=time.time(),
            siblings=1,
            position=1,
            depth=1,
        )
        entry = MessageEntry(row).prepare()
        transcript.show([entry])
        async for piece in paced():
            entry.add_text(piece)
            transcript.grew(entry)


def whole_chat(result: Path, measure: str) -> None:
    """The application with its rooms: one chat on screen and one behind it, or two side by side."""
    from textual import events

    import g4tui.tui.app as tui
    from g4tui.core import Finished, TextDelta, Usage
    from g4tui.testing import ScriptedBackend
    from g4tui.tui.driver import Driver
    from support.rooms import make_rooms
    from support.screen_host import services_of

    class Paced(ScriptedBackend):
        """Streams at the rate, until it is told to stop."""

        def open(self, spec, options, host):  # type: ignore[no-untyped-def]
            engine = super().open(spec, options, host)

            async def generate(request, cancel):  # type: ignore[no-untyped-def]
                if spec.model == "hung":
                    while not cancel.requested:
                        await asyncio.sleep(0.01)
                    yield Finished("cancelled")
                    return
                async for piece in paced():
                    if cancel.requested:
                        yield Finished("cancelled")
                        return
                    yield TextDelta(piece)
                yield Usage(prompt=3, completion=TOKENS)
                yield Finished("stop")

            engine.generate = generate  # type: ignore[method-assign]
            return engine

    class Measured(tui.G4tuiApp):
        """Acts as the person would, once everything is there."""

        CSS_PATH = Path(tui.__file__).parent / "screens" / "chat.tcss"

        def on_plugins_loaded(self, event) -> None:  # type: ignore[no-untyped-def]
            super().on_plugins_loaded(event)
            works = {
                "streams": self._streams,
                "stops": self._stops,
                "compared": partial(self._compared, "one", "two"),
                "beside-hung": partial(self._compared, "hung", "two"),
            }
            self.run_worker(works[measure]())

        async def _ask(self, model: str) -> str:
            chat = self.chat
            assert chat is not None and chat.flow is not None
            chat.action_new_session()
            await chat.flow.choose(f"scripted:{model}")
            assert await chat.flow.send("Tell me", (), None)
            turns = chat.answering.turns
            assert chat.conversation.id is not None
            turn = turns.of(chat.conversation.id)
            assert turn is not None
            while turn.answer_id is None:
                await asyncio.sleep(0.001)
            return chat.conversation.id

        async def _streams(self) -> None:
            assert self.chat is not None
            await asyncio.sleep(0.5)
            watch = Watch()
            for model in ("one", "two"):
                await self._ask(model)
            while self.chat.answering.turns.sessions:
                await asyncio.sleep(0.01)
            write(result, watch.stop())
            self.leave(0)

        async def _compared(self, *models: str) -> None:
            await asyncio.sleep(0.5)
            await self.action_compare()
            assert self.compare is not None
            comparing = self.compare.comparing
            while not comparing.models:
                await asyncio.sleep(0.01)
            await comparing.use([f"scripted:{model}" for model in models])
            watch = Watch()
            assert await comparing.send("Tell me", ())
            compared = comparing.compared
            assert compared is not None
            while 1 in compared.writing or ("hung" not in models and compared.writing):
                await asyncio.sleep(0.01)
            values = watch.stop()
            usage = compared.answers[1].usage
            assert usage is not None and usage.completion == TOKENS
            write(result, values)
            self.leave(0)

        async def _stops(self) -> None:
            assert self.chat is not None
            turns = self.chat.answering.turns
            silent: list[float] = []
            for number in range(100):
                session = await self._ask("one")
                await asyncio.sleep(0.1 + 0.002 * (number % 20))
                began = time.perf_counter()
                self.post_message(events.Key("escape", None))
                while turns.of(session) is not None:
                    await asyncio.sleep(0.0005)
                silent.append(time.perf_counter() - began)
            write(result, sorted(silent))
            self.leave(0)

    with tempfile.TemporaryDirectory() as folder:
        rooms = make_rooms(Path(folder), Paced(models=["one", "two", "hung"]), flush_s=0.2)
        app = Measured(
            lambda: services_of(rooms),
            model="scripted:one",
            driver_class=Driver,
            when_loaded=gc.freeze,  # as `run` does
        )
        app.run()


def main(arguments: Sequence[str]) -> None:
    """`NAME RESULT`."""
    name, result = arguments[0], Path(arguments[1])
    if name == "bare-streams":
        BareStreams(result).run()
    elif name == "our-streams":
        OurStreams(result).run()
    else:
        whole_chat(result, name)


if __name__ == "__main__":
    main(sys.argv[1:])
