"""The child's loop, in this process: what it answers, in which order, and how it ends."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import msgspec
import pytest

from g4tui.core import (
    Backend,
    Cancel,
    Engine,
    Event,
    Failed,
    Finished,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    NoOptions,
    Request,
    TextDelta,
)
from g4tui.worker import child, platform
from g4tui.worker import protocol as p
from support.played_engine import Played

REQUEST = Request((Message("user", "hi"),))
Serve = Callable[..., list[p.Reply]]


class PlayedBackend(Backend[NoOptions]):
    """Opens one engine, again and again."""

    name = "played"
    options = NoOptions

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def models(self, host: Host, options: NoOptions) -> list[ModelInfo]:
        return []

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> Engine:
        host.progress(1, 2)
        return self.engine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Played:
    """What is loaded by `LOAD`."""
    played = Played()
    elsewhere, empty = PlayedBackend(played), PlayedBackend(None)  # type: ignore[arg-type]
    elsewhere.name, elsewhere.runs, empty.name = "elsewhere", "loop", "empty"
    backends = [elsewhere, empty, PlayedBackend(played)]
    plugin = SimpleNamespace(g4tui_register_backends=lambda: backends)
    monkeypatch.setitem(sys.modules, "played_plugin", plugin)  # type: ignore[arg-type]
    return played


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """How the process would have ended, in place of its end."""
    ends: list[object] = []

    def leave(code: int) -> None:
        ends.append(code)
        raise SystemExit  # of the reader thread

    monkeypatch.setattr(platform, "end_orphan", lambda: ends.append("orphan"))
    monkeypatch.setattr(child.os, "_exit", leave)
    monkeypatch.setattr(child, "ORPHAN_GRACE_S", 0.2)
    yield ends
    for thread in threading.enumerate():
        if thread.name == "reader":  # it would end this process, once nothing is patched
            thread.join()


@pytest.fixture
def serve(ended: list[object]) -> Serve:
    """Says all these to a child; gives its replies, and notes its exit code.

    Hangs up at once, unless it takes leave with `Unload`: what goes on is called off by that.
    """

    def run(*said: p.Ask | bytes) -> list[p.Reply]:
        incoming, host_out = os.pipe()
        host_in, outgoing = os.pipe()
        for each in said:
            os.write(host_out, each if isinstance(each, bytes) else p.encode(each))
        takes_leave = any(isinstance(each, p.Unload) for each in said)
        if not takes_leave:
            os.close(host_out)
        try:
            ended.append(child.Child(incoming, outgoing).serve())
        finally:
            os.close(outgoing)
            if takes_leave:
                os.close(host_out)
        with os.fdopen(host_in, "rb") as heard:
            return [p.decode_reply(line.rstrip(b"\n")) for line in heard]

    return run


@dataclass
class Live:
    """A child that can be told more while it works."""

    incoming: int
    host_out: int
    host_in: int
    outgoing: int

    def say(self, *asks: p.Ask) -> None:
        os.write(self.host_out, b"".join(map(p.encode, asks)))

    def served(self, *asks: p.Ask) -> list[p.Reply]:
        self.say(*asks)
        assert child.Child(self.incoming, self.outgoing).serve() == 0
        os.close(self.outgoing)
        with os.fdopen(self.host_in, "rb") as heard:
            return [p.decode_reply(line.rstrip(b"\n")) for line in heard]


@pytest.fixture
def live(engine: Played, ended: list[object]) -> Iterator[Live]:
    """Its pipes."""
    pipes = Live(*os.pipe(), *os.pipe())
    yield pipes
    os.close(pipes.host_out)


def load(number: int = 1) -> p.Load:
    return p.Load(number, "played", ModelSpec("played", "m"), {}, "/none", module="played_plugin")


def test_every_question_has_its_answer_in_order(
    serve: Serve, engine: Played, ended: list[object]
) -> None:
    said = serve(
        load(),
        p.CountTokens(2, REQUEST.messages),
        p.Tokenize(3, "abc"),
        p.PromptIds(4, REQUEST.messages),
        p.Score(5, (1, 2), 1),
        p.Embed(6, ("0.5",)),
        p.Generate(7, REQUEST),
        p.Unload(8),
        p.Tokenize(9, "never"),
    )
    assert said == [
        p.Loading(1, 1, 2),
        p.Loaded(1, 64, False),
        p.Counted(2, 1),
        p.Tokenized(3, [3]),
        p.Tokenized(4, [7]),
        p.Scored(5, [-0.5, "nan", "inf", "-inf"]),
        p.Embedded(6, [[0.5]]),
        p.Streamed(7, TextDelta("word")),
        p.Streamed(7, Finished("stop")),
        p.Done(8),
    ]
    assert ended[0] == 0
    assert engine.noted == ["generate", "idle", "close"], (
        "a state that cannot be saved ends nothing"
    )


def test_the_end_of_the_host_is_the_end(serve: Serve, engine: Played, ended: list[object]) -> None:
    assert serve(load())[-1] == p.Loaded(1, 64, False)
    assert engine.noted == ["idle", "close"]
    assert ended == ["orphan", child.EXIT_BROKEN]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_broken_line_is_the_end_too(serve: Serve, engine: Played, ended: list[object]) -> None:
    assert serve(load(), b"nonsense\n", p.Tokenize(2, "x"))[-1] == p.Loaded(1, 64, False)
    assert engine.noted[-1] == "close"
    assert set(ended) == {child.EXIT_BROKEN}


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (p.Tokenize(2, "x"), "internal"),
        (p.Generate(2, REQUEST), "internal"),
        (p.Idle(2), "internal"),
        (b'{"op":"tokenize","id":2,"text":7}\n', "usage"),
    ],
    ids=["tokenize", "generate", "idle", "nonsense"],
)
def test_what_cannot_be_done_is_refused_and_the_next_is_asked(
    serve: Serve, engine: Played, ask: p.Ask | bytes, kind: str
) -> None:
    first, *_, last = serve(ask, load(3), p.Unload(4))
    refusal = first.event if isinstance(first, p.Streamed) else first
    assert isinstance(refusal, p.Refused | Failed)
    assert refusal.error.kind == kind
    assert last == p.Done(4)


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"options": {"treads": 3}}, "config", "treads"),
        ({"backend": "unknown"}, "plugin", "unknown"),
        ({"backend": "elsewhere"}, "internal", "does not run in a worker"),
        ({"backend": "empty"}, "plugin", "NoneType"),
        ({"module": "no_such_module"}, "plugin", "no_such_module"),
    ],
    ids=["setting", "backend", "loop", "no engine", "module"],
)
def test_what_cannot_be_loaded_is_refused_and_another_can_be(
    serve: Serve, engine: Played, change: dict[str, object], kind: str, said: str
) -> None:
    *_, refused, loading, loaded, done = serve(
        msgspec.structs.replace(load(), **change), load(2), p.Unload(3)
    )
    assert isinstance(refused, p.Refused)
    assert (refused.id, refused.error.kind) == (1, kind)
    assert said in refused.error.title + refused.error.detail
    assert (loading, loaded, done) == (p.Loading(2, 1, 2), p.Loaded(2, 64, False), p.Done(3))


def test_one_model_is_all(serve: Serve, engine: Played) -> None:
    *_, refused, done = serve(load(), load(2), p.Unload(3))
    assert isinstance(refused, p.Refused)
    assert (refused.id, refused.error.kind, done) == (2, "internal", p.Done(3))


@pytest.mark.parametrize("text", ["inf", "nan", "word"])
def test_a_vector_that_is_none_is_refused(serve: Serve, engine: Played, text: str) -> None:
    refused = serve(load(), p.Embed(2, ("1", text)), p.Unload(3))[-2]
    assert isinstance(refused, p.Refused)
    assert refused.error.kind == "plugin"


def test_cores_are_shared_while_it_works_and_a_failure_to_is_for_the_log_alone(
    live: Live, engine: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[int | None] = []
    heard = threading.Event()

    def use_threads(count: int | None) -> None:
        told.append(count)
        heard.set()
        raise ValueError("no such count")

    def score(ids: Sequence[int], start: int) -> list[float]:
        live.say(p.UseThreads(3), p.Unload(3))
        return [float(heard.wait(30))]

    engine.use_threads, engine.score = use_threads, score  # type: ignore[method-assign]
    assert live.served(load(), p.Score(2, (), 1))[-2:] == [p.Scored(2, [1.0]), p.Done(3)]
    assert told == [3]
    assert "no such count" in capsys.readouterr().err


def test_what_is_called_off_before_its_turn_is_never_begun(
    serve: Serve, engine: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = threading.Event()
    really_sort = child.Child._sort

    def sort(self: child.Child, ask: p.Ask | p.Refused) -> None:
        really_sort(self, ask)
        if isinstance(ask, p.Cancel):
            heard.set()

    monkeypatch.setattr(child.Child, "_sort", sort)
    engine.tokenize = lambda text: [int(heard.wait(30))]  # type: ignore[method-assign]
    said = serve(
        load(), p.Tokenize(2, "x"), p.Generate(3, REQUEST), p.Cancel(3), p.Cancel(99), p.Unload(4)
    )
    assert said[-3:] == [p.Tokenized(2, [1]), p.Streamed(3, Finished("cancelled")), p.Done(4)]
    assert "generate" not in engine.noted


def test_a_callback_that_raises_stops_the_answer_all_the_same(
    live: Live, engine: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    called = threading.Event()

    def callback() -> None:
        called.set()
        raise ValueError("of the plugin's own")

    def generate(request: Request, cancel: Cancel) -> Iterator[Event]:
        cancel.on_request(callback)
        live.say(p.Cancel(2), p.Unload(3))
        called.wait(30)
        yield Finished("cancelled" if cancel.requested else "stop")

    engine.generate = generate  # type: ignore[method-assign]
    said = live.served(load(), p.Generate(2, REQUEST))
    assert said[-2:] == [p.Streamed(2, Finished("cancelled")), p.Done(3)]
    assert "of the plugin's own" in capsys.readouterr().err


def test_the_end_of_the_host_calls_off_what_is_being_answered(
    engine: Played, ended: list[object]
) -> None:
    pipes = Live(*os.pipe(), *os.pipe())
    called_off = threading.Event()

    def generate(request: Request, cancel: Cancel) -> Iterator[Event]:
        cancel.on_request(called_off.set)
        os.close(pipes.host_out)
        yield Finished("cancelled" if called_off.wait(30) else "stop")

    engine.generate = generate  # type: ignore[method-assign]
    pipes.say(load(), p.Generate(2, REQUEST))
    assert child.Child(pipes.incoming, pipes.outgoing).serve() == child.EXIT_BROKEN
    os.close(pipes.outgoing)
    with os.fdopen(pipes.host_in, "rb") as heard:
        *_, last = [p.decode_reply(line.rstrip(b"\n")) for line in heard]
    assert last == p.Streamed(2, Finished("cancelled"))
    assert engine.noted == ["idle", "close"]


def test_whoever_hears_nothing_any_more_ends_it(engine: Played, ended: list[object]) -> None:
    incoming, host_out = os.pipe()
    host_in, outgoing = os.pipe()
    os.close(host_in)
    os.write(host_out, p.encode(load()))
    made = child.Child(incoming, outgoing)
    with pytest.raises(child.HostGoneError):
        made.send(p.Hello(p.PROTOCOL))
    assert made.serve() == child.EXIT_BROKEN
    for descriptor in (host_out, outgoing):
        os.close(descriptor)
