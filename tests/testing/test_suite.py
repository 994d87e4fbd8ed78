"""The conformance suite finds the backend that breaks a rule: one broken backend a rule."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    NoOptions,
    Progress,
    Request,
    TextDelta,
    Usage,
)
from g4tui.testing.conformance import BackendConformance, Subject

WORDS = tuple(f"word{number} " for number in range(12))


class SoundEngine(AsyncEngine):
    """Keeps every rule; each broken one overrides one part."""

    context = 500

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        prompt = self.count_tokens(request.messages)
        if prompt >= self.context:
            error = G4tuiError("context", "Too long", "It has too many words", "Say less")
            yield Failed(error.info)
            return
        said = 0
        words = self.words(request)
        for word in words[: request.params.max_tokens]:
            if cancel.requested:
                yield Finished("cancelled")
                return
            said += 1
            yield TextDelta(word)
            await asyncio.sleep(0.001)
        yield Usage(prompt=prompt, completion=max(said, 1))
        yield Finished("stop" if said == len(words) else "length")

    def words(self, request: Request) -> Sequence[str]:
        """What to say, up to a stop string."""
        long = "story" in request.messages[-1].text
        text = "".join(WORDS) * (40 if long else 1)
        for stop in request.params.stop:
            text = text.partition(stop)[0]
        return [text[at : at + 6] for at in range(0, len(text), 6)]


class RaisingEngine(SoundEngine):
    """Raises what it refuses, which is the same as `Failed`."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        async for event in super().generate(request, cancel):
            if isinstance(event, Failed):
                error = event.error
                raise G4tuiError(error.kind, error.title, error.detail, error.remedy)
            yield event


def broken(change: Callable[[Sequence[Event]], Sequence[Event]]) -> type[SoundEngine]:
    """An engine whose whole answer is changed."""

    class Changed(SoundEngine):
        async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
            events = [event async for event in SoundEngine.generate(self, request, cancel)]
            for event in change(events):
                yield event

    return Changed


class LeakyEngine(SoundEngine):
    """Shows how a stop string begins."""

    def words(self, request: Request) -> Sequence[str]:
        words = list(super().words(request))
        return [*words, request.params.stop[-1][:1]] if request.params.stop else words


class EndlessEngine(SoundEngine):
    """Does not look at `cancel`."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        async for event in super().generate(request, Cancel()):
            yield event


class SleepyEngine(SoundEngine):
    """Looks at `cancel` too seldom."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        async for event in super().generate(request, cancel):
            yield event
            if cancel.requested or "story" in request.messages[-1].text:
                await asyncio.sleep(0.15)


class ForgetfulEngine(SoundEngine):
    """Cuts what is too long instead of refusing it."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        last = Message("user", request.messages[-1].text[-100:])
        async for event in super().generate(Request((last,), request.params), cancel):
            yield event


class OnceEngine(SoundEngine):
    """Answers one request and no other."""

    def __init__(self) -> None:
        self.asked = 0

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        self.asked += 1
        if self.asked > 1:
            yield Failed(G4tuiError("internal", "Again?").info)
            return
        async for event in super().generate(request, cancel):
            yield event


class HalvingEngine(SoundEngine):
    """Sends half a character."""

    def words(self, request: Request) -> Sequence[str]:
        return ["\ud83c", "\udf88"]


class LowEngine(SoundEngine):
    """Counts too low."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 1

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        async for event in super().generate(request, cancel):
            yield Usage(prompt=9, completion=9) if isinstance(event, Usage) else event


class PausingEngine(SoundEngine):
    """Begins with a piece that holds no word yet."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        begun = False
        async for event in super().generate(request, cancel):
            if isinstance(event, TextDelta) and not begun:
                begun = True
                yield TextDelta("")
                if cancel.requested:
                    yield Finished("cancelled")
                    return
            yield event


class BriefEngine(SoundEngine):
    """Has never more to say than some words, all at once."""

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        short = Message("user", request.messages[-1].text.replace("story", "word"))
        request = Request((*request.messages[:-1], short), request.params)
        waits = Cancel() if not cancel.requested else cancel
        for event in [event async for event in super().generate(request, waits)]:
            yield event


class StubBackend(Backend[NoOptions]):
    """Opens the engine of the test. With `curt`, errors have no remedy; `host`: where it sends."""

    name = "stub"
    runs = "loop"
    options = NoOptions

    def __init__(self, engine: type[SoundEngine], *, curt: bool = False, host: str = "") -> None:
        self.engine = engine
        self.curt = curt
        self.host = host

    def models(self, host: Host, options: NoOptions) -> list[ModelInfo]:
        if self.curt:
            return [ModelInfo("stub:some", "stub", "Some", ready=False)]
        return [ModelInfo("stub:some", "stub", "Some")]

    def destination(self, spec: ModelSpec, options: NoOptions) -> str:
        return self.host

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> AsyncEngine:
        if spec.model != "some":
            remedy = "" if self.curt else "Use stub:some"
            raise G4tuiError("missing", "No such model", spec.model, remedy)
        return self.engine()


def check(backend: Backend[Any], name: str, folder: Path) -> None:
    """Run one test of the suite."""
    subject = Subject(backend, ModelSpec("stub", "some"))
    getattr(BackendConformance(), name)(subject, folder)


ON_A_MODEL = [
    name
    for name in dir(BackendConformance)
    if name.startswith("test_") and name != "test_the_plugin_is_light"
]


@pytest.mark.parametrize("name", ON_A_MODEL)
def test_a_sound_backend_passes(name: str, tmp_path: Path) -> None:
    check(StubBackend(SoundEngine), name, tmp_path)


BROKEN: list[tuple[str, type[SoundEngine]]] = [
    ("test_events_come_in_order", broken(lambda events: [*events, Finished("stop")])),
    ("test_events_come_in_order", broken(lambda events: events[:-1])),
    ("test_events_come_in_order", broken(lambda events: [*events, TextDelta("more")])),
    ("test_events_come_in_order", broken(lambda events: [events[-2], *events[:-2], events[-1]])),
    ("test_events_come_in_order", broken(lambda events: [*events[:-2], events[-1]])),
    ("test_events_come_in_order", broken(lambda events: events[-2:])),
    (
        "test_events_come_in_order",
        broken(lambda events: [*events[:-2], Progress("prefill", 1, 1), *events[-2:]]),
    ),
    ("test_usage_adds_up", broken(lambda events: [*events[:-2], Usage(1, 2, 1), events[-1]])),
    ("test_usage_adds_up", broken(lambda events: [*events[:-2], Usage(5, 0, 999), events[-1]])),
    ("test_usage_adds_up", LowEngine),
    ("test_an_answer_is_limited", broken(lambda events: [*events[:-1], Finished("stop")])),
    ("test_characters_stay_whole", HalvingEngine),
    ("test_stop_strings_never_leak", LeakyEngine),
    ("test_too_long_a_request_fails", ForgetfulEngine),
    ("test_a_stop_is_heeded_at_once", EndlessEngine),
    ("test_a_stop_is_heeded_at_once", SleepyEngine),
    ("test_a_stop_before_the_start", EndlessEngine),
    ("test_two_requests_in_a_row", OnceEngine),
    ("test_a_stream_may_be_left", OnceEngine),
]


@pytest.mark.parametrize(("name", "engine"), BROKEN)
def test_a_broken_backend_is_found(name: str, engine: type[SoundEngine], tmp_path: Path) -> None:
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        check(StubBackend(engine), name, tmp_path)


@pytest.mark.parametrize("name", ON_A_MODEL)
def test_a_backend_without_long_answers_passes_but_for_the_stop(name: str, tmp_path: Path) -> None:
    subject = Subject(StubBackend(BriefEngine), ModelSpec("stub", "some"), long_prompt=None)
    run = getattr(BackendConformance(), name)
    if name == "test_a_stop_is_heeded_at_once":
        with pytest.raises(pytest.skip.Exception, match="long enough"):
            run(subject, tmp_path)
    else:
        run(subject, tmp_path)


def test_a_first_piece_without_a_word_is_no_fault(tmp_path: Path) -> None:
    check(StubBackend(PausingEngine), "test_a_stop_is_heeded_at_once", tmp_path)


def test_what_an_engine_raises_is_its_refusal(tmp_path: Path) -> None:
    check(StubBackend(RaisingEngine), "test_too_long_a_request_fails", tmp_path)


def test_a_model_behind_a_network_that_is_listed_as_local_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"far\.example"):
        check(StubBackend(SoundEngine, host="far.example"), "test_models_are_listed_well", tmp_path)


@pytest.mark.parametrize("name", ["test_errors_help", "test_models_are_listed_well"])
def test_words_without_a_remedy_are_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check(StubBackend(SoundEngine, curt=True), name, tmp_path)


def test_a_heavy_plugin_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that imports what it needs only later, and one that does not say which API it wants."""
    monkeypatch.syspath_prepend(str(tmp_path))
    register = "def g4tui_register_backends():\n    from {0} import Stub\n    return [Stub()]\n"
    stub = (
        "from g4tui.core import *\n"
        "class Stub(Backend):\n"
        "    name = 'stub'\n    options = NoOptions\n"
        "    def models(self, host, options): return []\n"
        "    def open(self, spec, options, host): raise NotImplementedError\n"
    )
    (tmp_path / "stub_of_it.py").write_text(stub)
    (tmp_path / "sqlite_user.py").write_text("")
    for name, text, complaint in (
        ("light", "G4TUI_API = 1\n", None),
        ("looping", "G4TUI_API = 1\nimport asyncio\n", None),
        ("heavy", "G4TUI_API = 1\nimport sqlite_user\n", "sqlite_user"),
        ("silent", "", "G4TUI_API"),
    ):
        (tmp_path / f"{name}_plugin.py").write_text(text + register.format("stub_of_it"))
        subject = Subject(
            StubBackend(SoundEngine),
            ModelSpec("stub", "some"),
            module=f"{name}_plugin",
            heavy=("sqlite_user",),
        )
        run = BackendConformance().test_the_plugin_is_light
        if complaint is None:
            run(subject, tmp_path)
        else:
            with pytest.raises(AssertionError, match=complaint):
                run(subject, tmp_path)
