"""A native backend that behaves well, badly or not at all, as it is told.

The model's name says how loading goes (`LOADS`), the first word of the last message how answering
goes (`ANSWERS`); the second word is a number that some of them take.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from g4tui.core import (
    Backend,
    Cancel,
    Engine,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    Progress,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from support.native_harm import core_limit, hang, host_pipe, segfault, write_all

GREETING = b'{"op":"hello","protocol":%d}\n'


class FakeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the fake; `journal` is a file that gets a line for each call."""

    greeting: str = "Hello"
    threads: int = 0
    journal: str = ""


class FakeEngine(Engine):
    """Answers as the last message says."""

    can_continue = True

    def __init__(self, spec: ModelSpec, options: FakeOptions, host: Host) -> None:
        self.context = spec.context or 2048
        self.spec = spec
        self.options = options
        self.host = host
        self.threads: list[int | None] = []

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        self.note("generate")
        what, _, rest = request.messages[-1].text.partition(" ")
        return ANSWERS[what](self, request, cancel, int(rest or 0) if rest.isdigit() else 0)

    def tokenize(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def count_tokens(self, messages: Sequence[Message]) -> int:
        if messages[-1].text == "segfault":
            segfault()
        return sum(len(message.text) for message in messages)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return [ord(character) for message in messages for character in f"<{message.text}>"]

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        return [-0.5, float("-inf"), float("nan"), 0.1 + 0.2][: len(ids) - start]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(text) if text == "inf" else float(len(text)), 0.25] for text in texts]

    def use_threads(self, count: int | None) -> None:
        self.threads.append(count)

    def idle(self) -> None:
        self.note("idle")

    def close(self) -> None:
        self.note("close")
        if self.spec.model == "never-ends":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.spec.model in ("never-closes", "never-ends"):
            hang()

    def note(self, line: str) -> None:
        if self.options.journal:
            with open(self.options.journal, "a", encoding="utf-8") as journal:  # noqa: PTH123
                journal.write(line + "\n")


def words(engine: FakeEngine, request: Request, cancel: Cancel, count: int) -> Iterator[Event]:
    """`count` words without a pause."""
    yield Progress("prefill", 0, 10)
    yield Progress("prefill", 10, 10)
    yield ReasoningDelta("Hm.")
    for number in range(count):
        if cancel.requested:
            yield Usage(prompt=1, completion=number)
            yield Finished("cancelled")
            return
        yield TextDelta(f"w{number} ")
    yield Usage(prompt=1, completion=count, tok_per_s=float("inf"))
    yield Finished("stop")


def endless(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """Text until it is stopped."""
    yield from words(engine, request, cancel, sys.maxsize)


def deaf(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """Text for ever, without a look at `cancel`."""
    while True:
        yield TextDelta("la ")
        time.sleep(0.005)


def hangs(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A word, then native code that does not come back."""
    yield TextDelta("So ")
    hang()


def holds_lock(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """Native code that does not come back and keeps Python's lock."""
    yield TextDelta("So ")
    re.match("(a+)+$", "a" * 60 + "b")


def ignores_term(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A hang that only SIGKILL ends."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield TextDelta("So ")
    hang()


def waits(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A native call that only the callback breaks off."""
    reading, writing = os.pipe()
    cancel.on_request(lambda: os.close(writing))
    yield TextDelta("So ")
    os.read(reading, 1)
    yield Finished("cancelled")


def counts_threads(engine: FakeEngine, request: Request, cancel: Cancel, n: int) -> Iterator[Event]:
    """Waits until it was told `n` times how many threads to use, then says what it was told."""
    yield TextDelta("So ")
    while len(engine.threads) < n and not cancel.requested:
        time.sleep(0.001)
    yield TextDelta(repr(engine.threads))
    yield Finished("stop")


def crashes(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A word, a line in the log, an invalid memory access."""
    yield TextDelta("So ")
    os.write(2, b"native: tensor 7 is out of bounds\n")
    segfault()


def dies(engine: FakeEngine, request: Request, cancel: Cancel, number: int) -> Iterator[Event]:
    """A word, then that signal."""
    yield TextDelta("So ")
    os.kill(os.getpid(), number)
    hang()


def exits(engine: FakeEngine, request: Request, cancel: Cancel, code: int) -> Iterator[Event]:
    """A word, then that exit code."""
    yield TextDelta("So ")
    os._exit(code)


def prints(engine: FakeEngine, request: Request, cancel: Cancel, count: int) -> Iterator[Event]:
    """Printing in all ways that there are, `count` long lines of each."""
    for _ in range(count or 1):
        print("printed by Python", "x" * 100)
        os.write(1, b"written to fd 1" + b"y" * 100 + b"\n")
        ctypes.CDLL(None).printf(b"printed by C\n")
        engine.host.log("logged\nby the host")
    yield TextDelta("quiet")
    yield Finished("stop")


def garbage(engine: FakeEngine, request: Request, cancel: Cancel, kind: int) -> Iterator[Event]:
    """Bytes of no meaning on the host's own pipe."""
    yield TextDelta("So ")
    lines = {
        0: b"llama_model_loader: loaded\n",
        1: b'{"op":"event","id":12345,"event":{"type":"text","text":"?"}}\n',
        2: b'{"op":"hello","protocol":999}\n',
        3: b'{"op":"counted","id":%d,"count":1}\n',
        4: b'{"op":"event",\xff\xfe}\n',
        5: b"{" + b"x" * (65 * 1024 * 1024),
    }
    for number in range(20) if kind == 3 else (0,):
        data = lines[kind] % number if kind == 3 else lines[kind]
        write_all(host_pipe(), data)
    hang()


def closes_pipe(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """The host's pipe closed behind everybody's back."""
    yield TextDelta("So ")
    os.close(host_pipe())
    hang()


def raises(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """An exception of the author's own."""
    yield TextDelta("So ")
    raise ValueError("no such tensor")


def refuses(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """An error in our own words."""
    yield TextDelta("So ")
    raise G4tuiError("context", "Too long", "9 > 8", "Shorten it.", 1.5)


def quits(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """SystemExit, which must end nothing."""
    yield TextDelta("So ")
    sys.exit("bye")


def no_memory(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """Python's own out of memory."""
    yield TextDelta("So ")
    raise MemoryError


def no_end(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A stream that just stops."""
    yield TextDelta("So ")


def two_ends(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A stream that goes on after its end."""
    yield Finished("length")
    yield TextDelta("more")
    yield Failed(ErrorInfo("internal", "no"))


def no_event(engine: FakeEngine, request: Request, cancel: Cancel, kind: int) -> Iterator[Event]:
    """Something that is no event."""
    yield TextDelta("So ")
    wrong: list[object] = [b"bytes", TextDelta(b"\xff"), Usage(prompt="three"), Finished("bored")]  # type: ignore[arg-type]
    yield wrong[kind]  # type: ignore[misc]


def surrogates(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """Halves of characters."""
    yield TextDelta("a\ud83d\ude00b\ud800c")
    yield Finished("stop")


def bulk(engine: FakeEngine, request: Request, cancel: Cancel, count: int) -> Iterator[Event]:
    """`count` pieces of 1,000 characters, or fewer when it is stopped."""
    for _ in range(count):
        if cancel.requested:
            yield Finished("cancelled")
            return
        yield TextDelta("z" * 1000)
    yield Finished("stop")


def mirror(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """What came through: the request, what was asked to be loaded, the environment."""
    seen = {
        "request": request,
        "spec": engine.spec,
        "options": engine.options,
        "threads": engine.host.threads,
        "cache_dir": str(engine.host.cache_dir),
        "model_files": engine.host.model_files,
        "secret": engine.host.secret("openai", "https://api.openai.com"),
        "environment": dict(os.environ),
        "modules": sorted(sys.modules),
        "core_limit": core_limit(),
        "oom_score_adj": Path("/proc/self/oom_score_adj").read_text(),
        "session_leader": os.getsid(0) == os.getpid(),
    }
    yield TextDelta(msgspec.json.encode(seen).decode())
    yield Finished("stop")


def family(engine: FakeEngine, request: Request, cancel: Cancel, _: int) -> Iterator[Event]:
    """A process of its own that outlives it and holds the host's pipe; then a hang."""
    pipe = host_pipe()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, pass_fds=(pipe,))
    yield TextDelta(f"{process.pid}")
    hang()


ANSWERS: dict[str, Callable[[FakeEngine, Request, Cancel, int], Iterator[Event]]] = {
    "words": words,
    "endless": endless,
    "deaf": deaf,
    "hangs": hangs,
    "holds_lock": holds_lock,
    "ignores_term": ignores_term,
    "waits": waits,
    "counts_threads": counts_threads,
    "crashes": crashes,
    "dies": dies,
    "exits": exits,
    "prints": prints,
    "garbage": garbage,
    "closes_pipe": closes_pipe,
    "raises": raises,
    "refuses": refuses,
    "quits": quits,
    "no_memory": no_memory,
    "no_end": no_end,
    "two_ends": two_ends,
    "no_event": no_event,
    "surrogates": surrogates,
    "bulk": bulk,
    "mirror": mirror,
    "family": family,
}


class FakeBackend(Backend[FakeOptions]):
    """Loads as the model's name says; an unknown name just loads."""

    name = "fake"
    options = FakeOptions

    def models(self, host: Host, options: FakeOptions) -> list[ModelInfo]:
        return [ModelInfo("fake:any", "fake", "A scripted model", context=2048)]

    def open(self, spec: ModelSpec, options: FakeOptions, host: Host) -> FakeEngine:
        match spec.model:
            case "slow":
                for done in range(11):
                    host.progress(done, 10)
                    time.sleep(0.03)
            case "missing":
                raise G4tuiError("missing", "No such model", "not there", "Pull it.")
            case "raises":
                raise KeyError("tensors")
            case "exits":
                os.write(2, b"native: unknown architecture\n")
                os._exit(3)
            case "crashes":
                segfault()
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hangs":
                host.progress(1, 2)
                hang()
            case "no-engine":
                return None  # type: ignore[return-value]
        return FakeEngine(spec, options, host)


class ElsewhereBackend(FakeBackend):
    """One that has no business in a worker."""

    name = "elsewhere"
    runs = "loop"


def g4tui_register_backends() -> list[FakeBackend]:
    """What a plugin's hook gives."""
    return [FakeBackend(), ElsewhereBackend()]
