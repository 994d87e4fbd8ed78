"""The worker's end of the pipe, with a host at the other one who says whatever there is."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from types import SimpleNamespace
from unittest import mock

from hypothesis import strategies as st

from fuzz.pipes import LOAD, line_seeds
from fuzz.target import Bytes, Things, scratch
from g4tui.core import (
    Cancel,
    Engine,
    Event,
    Failed,
    Finished,
    Host,
    Message,
    ModelSpec,
    Request,
    TextDelta,
)
from g4tui.worker import child as child_module
from g4tui.worker import loading, platform, process, protocol
from g4tui.worker.child import EXIT_BROKEN, Child
from support.fake_native import FakeBackend, FakeOptions
from support.protocol_values import ASKS
from support.workers import asking

KILLED_ITSELF = -9
WRITTEN_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def _damaged(line: bytes, at: int, new: bytes) -> bytes:
    at %= len(line)
    return line[:at] + new + line[at + len(new) :]


LINES = st.one_of(
    ASKS.map(protocol.encode),
    st.builds(_damaged, ASKS.map(protocol.encode), st.integers(0, 10**6), st.binary(max_size=6)),
    st.integers(2, 9).map(lambda n: protocol.encode(protocol.Generate(n, asking(f"words {n}")))),
    st.builds(lambda line: line + b"\n", st.binary(max_size=50)),
    st.just(protocol.encode(LOAD)),
)


class Tame(Engine):
    """Says what it is told, and nothing that would end the process."""

    context = 99

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        for character in request.messages[-1].text[:9]:
            yield Finished("cancelled") if cancel.requested else TextDelta(character)
        yield Finished("stop")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def tokenize(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return self.tokenize(messages[-1].text)

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        return [float(each) for each in ids[start:]]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(text)] for text in texts]

    def use_threads(self, count: int | None) -> None:
        os.cpu_count() if count is None else range(count)[0]


class TameBackend(FakeBackend):
    """Opens such engines."""

    def open(self, spec: ModelSpec, options: FakeOptions, host: Host) -> Tame:  # type: ignore[override]
        host.progress(1, 2)
        host.log(spec.model)
        return Tame()


def tame(name: str, module: str | None) -> TameBackend:
    """Instead of what imports, by name, whatever there is."""
    if name == "fake":
        return TameBackend()
    raise LookupError(name)


def check_loop(data: bytes) -> None:
    """A worker's loop: each question that it can read has one end, in their order."""
    said, told = scratch() / "said", scratch() / "told"
    told.write_bytes(data)
    incoming, outgoing = os.open(told, os.O_RDONLY), os.open(said, WRITTEN_ANEW)
    quiet = SimpleNamespace(read=os.read, write=os.write, _exit=lambda code: None)
    with (
        mock.patch.object(child_module, "os", quiet),
        mock.patch.object(child_module, "ORPHAN_GRACE_S", 0.0),
        mock.patch.object(platform, "end_orphan", lambda: None),
        mock.patch.object(loading, "find_backend", tame),
        redirect_stderr(StringIO()),
    ):
        code = Child(incoming, outgoing).serve()
        for thread in threading.enumerate():
            if thread.name == "reader":
                thread.join()
    os.close(incoming)
    os.close(outgoing)
    replies = [protocol.decode_reply(line) for line in said.read_bytes().splitlines()]
    check_order(data, replies)
    last = check_order(data, replies)
    assert code == (0 if isinstance(last, protocol.Unload) else EXIT_BROKEN)


def check_order(data: bytes, replies: list[protocol.Reply], *, whole: bool = True) -> object:
    """Each question in `data` has its end in `replies`; not `whole`: those up to some moment.

    Returns the last that was answered.
    """
    *lines, rest = data.split(b"\n")
    asks = list(questions(lines))
    ended = [reply.id for reply in replies if not isinstance(reply, protocol.Hello) and ends(reply)]
    assert ended == [ask.id for ask in asks[: len(ended)]], (ended, asks)
    # What is read at once with a rest that is no line of ours is not looked at.
    skipped = not ended and rest and rest[:1] != b"{"
    assert len(ended) == len(asks) or not whole or skipped, (ended, asks)
    return asks[len(ended) - 1] if ended else None


def questions(lines: list[bytes]) -> Iterator[protocol.Question | protocol.Refused]:
    """What wants an answer, up to the farewell or what makes no sense."""
    with suppress(protocol.MalformedError):
        for line in lines:
            ask = protocol.decode_ask(line)
            if not isinstance(ask, protocol.Cancel | protocol.UseThreads):
                yield ask
            if isinstance(ask, protocol.Unload):
                return


def ends(reply: protocol.Reply) -> bool:
    """Whether nothing more comes to that question."""
    if isinstance(reply, protocol.Streamed):
        return isinstance(reply.event, Finished | Failed)
    return not isinstance(reply, protocol.Loading)


def check_child(lines: list[bytes]) -> None:
    """A real worker, whatever it is told: it ends by itself, and every line of it makes sense."""
    environment = process.environment(process.module_environment())
    log = (scratch() / "child.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "g4tui.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,
        ) as child,
    ):
        try:
            said, _ = child.communicate(b"".join(lines), timeout=60)
        finally:
            child.kill()
    assert child.returncode in (0, EXIT_BROKEN, KILLED_ITSELF), child.returncode
    *whole, cut = said.split(b"\n")
    replies = [protocol.decode_reply(line) for line in whole]
    assert isinstance(replies[0], protocol.Hello)
    assert not any(isinstance(reply, protocol.Hello) for reply in replies[1:])
    assert not cut or child.returncode == KILLED_ITSELF
    check_order(b"".join(lines), replies, whole=False)


TARGETS = (
    Bytes("worker-loop", check_loop, line_seeds),
    Things("worker-child", check_child, st.lists(LINES, max_size=12)),
)
