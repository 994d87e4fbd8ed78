"""The chat screen as a picture, at the two sizes that matter."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from g4tui.core import ErrorInfo, Failed, Finished, ReasoningDelta, TextDelta, Usage
from g4tui.testing import ScriptedBackend
from g4tui.tui import words
from g4tui.tui.app import G4tuiApp
from support.chat_app import MODEL, Driven
from support.rooms import Rooms, make_rooms
from support.screen_host import services_of

ANSWER = """\
# Yes, you can

A **quantised** model needs about *4 GB*; see [llama.cpp](https://example.org) and `g4tui models`.

1. Pull a model
2. Ask it something
   - with a system prompt

```python
def greet(name: str) -> str:
    return f"Hello, {name}!"
```

| model | size | tok/s |
|:------|-----:|:-----:|
| SmolLM2-135M | 98 MB | 41 |

> Four bits are the usual choice.
"""
USAGE = Usage(prompt=1198, cached=1180, completion=210, ttft_s=0.08, tok_per_s=41.3)
WHOLE = [ReasoningDelta("Let me think."), TextDelta(ANSWER), USAGE, Finished("stop")]
CRASH = ErrorInfo(
    "crashed",
    "The model's process ended",
    "It was killed by SIGKILL while it answered.\nThe last lines of its log:\nggml: 12 tensors",
    "Ask again; if it stays so, choose a smaller model.",
)
BROKEN = [TextDelta("Half an answer, and"), Failed(CRASH)]
Before = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture
def rooms(home: Path, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """Rooms of one answer that is whole and one that is not; it is always two minutes past two."""
    monkeypatch.setattr(words, "clock", lambda created, now: "14:02")
    return make_rooms(home, ScriptedBackend([WHOLE, BROKEN]))


def taken(
    rooms: Rooms, snap_compare: Any, size: tuple[int, int], act: Callable[[Driven], Awaitable[None]]
) -> bool:
    services = services_of(rooms)
    app = G4tuiApp(lambda: services, model=MODEL)

    async def before(pilot: Pilot[Any]) -> None:
        driven = Driven(app, pilot, rooms)
        await driven.until(lambda: driven.chat.flow is not None)
        await driven.sees("offline")
        await act(driven)
        driven.chat.prompt_box.prompt.cursor_blink = False
        await pilot.pause()

    same: bool = snap_compare(app, terminal_size=size, run_before=before)
    rooms.store.close()
    return same


async def asked(ui: Driven, questions: int) -> None:
    for number in range(questions):
        await ui.ask(("Can I run a large language model on a laptop?", "And on a phone?")[number])
        await ui.answered(2 * number + 2)
    entry = ui.chat.transcript.entry(ui.line[1].id)
    assert entry is not None
    await ui.until(lambda: all(b.highlighted is not None for b in entry._blocks if b_is_code(b)))


def b_is_code(block: object) -> bool:
    return hasattr(block, "highlighted")


def test_an_empty_chat(rooms: Rooms, snap_compare: Any) -> None:
    async def act(ui: Driven) -> None:
        await ui.sees("Ask something")

    assert taken(rooms, snap_compare, (80, 24), act)


def test_an_answer_with_everything_in_it(rooms: Rooms, snap_compare: Any) -> None:
    async def act(ui: Driven) -> None:
        await asked(ui, 1)
        await ui.to_transcript()
        await ui.press("t")
        await ui.sees("Let me think.")

    assert taken(rooms, snap_compare, (120, 40), act)


def test_a_crash_in_a_small_terminal(rooms: Rooms, snap_compare: Any) -> None:
    async def act(ui: Driven) -> None:
        await asked(ui, 2)
        await ui.sees("SIGKILL", "retry")

    assert taken(rooms, snap_compare, (80, 24), act)


def test_the_list_over_a_small_terminal(rooms: Rooms, snap_compare: Any) -> None:
    async def act(ui: Driven) -> None:
        await asked(ui, 1)
        await ui.press("ctrl+b")
        await ui.sees("filter chats")

    assert taken(rooms, snap_compare, (80, 24), act)
