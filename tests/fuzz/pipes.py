"""The host's end of the pipe to a worker, with a liar at the other one; and the lines of both."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from unittest import mock

from fuzz.target import Bytes, scratch
from g4tui.core import (
    Cancel,
    Failed,
    Finished,
    G4tuiError,
    ModelSpec,
    Progress,
    TextDelta,
)
from g4tui.testing.conformance import check_error
from g4tui.worker import HostConfig, Limits, Worker, platform, protocol
from support.workers import asking

NOBODY = 2**31 - 1
"""The process id of a child that is none: no system gives it to anybody."""
QUICK = Limits(load_s=0.05, silence_s=0.05, stop_s=0.01, term_s=0.01, close_s=0.05)
TURN = b"\0"
"""Between what the child says of its own accord and what it says at the next thing it is told."""
LOAD = protocol.Load(1, "fake", ModelSpec("fake", "any"), {}, "/tmp", module="support.fake_native")


class LyingChild(asyncio.SubprocessTransport):
    """No process: says its next part whenever it is told something, and then ends."""

    def __init__(self, loop: "LyingLoop", listener: asyncio.SubprocessProtocol) -> None:
        super().__init__()
        self._loop, self._listener = loop, listener
        self._parts = loop.says.split(TURN)
        self._code: int | None = None
        listener.connection_made(self)
        self.told()

    def told(self) -> None:
        """Say the next part."""
        self._loop.call_soon(self._say, self._parts.pop(0) if self._parts else None)

    def die(self, code: int = -9) -> None:
        """End, if it has not."""
        if self._code is None:
            self._code = code
            self._listener.pipe_connection_lost(1, None)
            self._listener.process_exited()

    def _say(self, part: bytes | None) -> None:
        if self._code is not None:
            return
        if part:
            self._listener.pipe_data_received(1, part)
        if not self._parts:
            self.die(0)

    def get_pid(self) -> int:
        return NOBODY

    def get_returncode(self) -> int | None:
        return self._code

    def get_pipe_transport(self, fd: int) -> asyncio.BaseTransport | None:
        return LyingInput(self) if fd == 0 else None

    def close(self) -> None:
        self.die()


class LyingInput(asyncio.WriteTransport):
    """The child's standard input."""

    def __init__(self, child: LyingChild) -> None:
        super().__init__()
        self._child = child

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._child.told()

    def is_closing(self) -> bool:
        return False


class LyingLoop(asyncio.SelectorEventLoop):
    """Its processes are lying children, who all say the same."""

    def __init__(self, says: bytes) -> None:
        super().__init__()
        self.says = says
        self.children: list[LyingChild] = []
        self.wrong: list[str] = []
        self.set_exception_handler(lambda loop, context: self.wrong.append(repr(context)))

    async def subprocess_exec(  # type: ignore[override]
        self,
        listener: Callable[[], asyncio.SubprocessProtocol],
        *command: object,
        **options: object,
    ) -> tuple[asyncio.SubprocessTransport, asyncio.SubprocessProtocol]:
        made = listener()
        self.children.append(LyingChild(self, made))
        return self.children[-1], made

    def end_children(self, pid: int) -> None:
        """What a signal does."""
        for child in self.children:
            self.call_soon(child.die)


def check_host(data: bytes) -> None:
    """Whatever the child says, each question ends: with an answer, or with words for a person."""
    loop = LyingLoop(data)
    with (
        mock.patch.object(platform, "kill", loop.end_children),
        mock.patch.object(platform, "ask_to_end", loop.end_children),
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        runner.run(asyncio.wait_for(_talk(), 20))
    assert not loop.wrong, loop.wrong


async def _talk() -> None:
    folder = scratch()
    config, log = HostConfig(folder), folder / "worker.log"
    worker = Worker("fake", ModelSpec("fake", "any"), {}, config, log, limits=QUICK)
    shares: list[Progress] = []
    if await _answered(worker.start(shares.append)):
        await _answered(worker.count_tokens(asking("x").messages))
        events = [event async for event in worker.generate(asking("x"), Cancel())]
        ends = [event for event in events if isinstance(event, Finished | Failed)]
        assert ends == events[-1:], events
        if isinstance(ends[0], Failed) and worker.exit is not None:
            check_error(ends[0].error)
        for event in events:
            if isinstance(event, TextDelta):
                event.text.encode()
        scores = await _answered(worker.score([1, 2], 1))
        assert scores is None or all(isinstance(score, float) for score in scores)
        await _answered(worker.prompt_ids(asking("x").messages))
        await _answered(worker.embed(["x"]))
        await _answered(worker.idle())
    await worker.close()
    assert worker.exit is not None
    assert all(0 <= share.done <= share.total for share in shares)


async def _answered(asked: Coroutine[Any, Any, Any]) -> Any:
    """The answer; `None` where there is none, in words."""
    try:
        answer = await asked
    except G4tuiError as error:
        assert error.info.title
        return None
    return True if answer is None else answer


def host_seeds() -> list[bytes]:
    """Conversations of an honest child."""
    p = protocol
    hello, loaded = p.Hello(p.PROTOCOL), p.Loaded(1, 99, True)
    events = [p.Streamed(3, event) for event in (Progress("prefill", 1, 2), TextDelta("hé"))]
    ended = p.Streamed(3, Finished("stop"))
    later = [p.Scored(4, [-0.5, "nan"]), p.Tokenized(5, [1]), p.Embedded(6, [[0.5]]), p.Done(7)]
    whole = [[hello], [p.Loading(1, 1, 2), loaded], [p.Counted(2, 5)], [*events, ended]]
    whole += [[each] for each in later] + [[p.Done(8)]]
    refused = p.Refused(1, G4tuiError("missing", "No", "it", "is").info)
    said = [whole, [[hello], [refused]], [[hello, loaded], [ended]], whole[:3]]
    return [TURN.join(b"".join(map(p.encode, part)) for part in parts) for parts in said]


def check_lines(data: bytes) -> None:
    """Any bytes are lines that make sense or malformed ones, wherever they are cut."""
    whole, cut = _lines(data, len(data) or 1), _lines(data, max(1, len(data) // 3))
    assert cut[: len(whole)] == whole[: len(cut)]
    for line in whole:
        for decode in (protocol.decode_ask, protocol.decode_reply):
            try:
                message = decode(line)
            except protocol.MalformedError as error:
                assert str(error)
            else:
                again = decode(protocol.encode(message)[:-1])
                assert again == message or isinstance(message, protocol.Refused)


def _lines(data: bytes, size: int) -> list[bytes]:
    lines, found = protocol.Lines(limit=4000), []
    try:
        for at in range(0, len(data), size):
            found += lines.feed(data[at : at + size])
    except protocol.MalformedError as error:
        assert str(error)
    return found


def line_seeds() -> list[bytes]:
    """Of both sides."""
    asks = [LOAD, protocol.Generate(2, asking("words 2")), protocol.Cancel(2), protocol.Unload(3)]
    return [b"".join(map(protocol.encode, asks)), *(s.replace(TURN, b"") for s in host_seeds())]


TARGETS = (
    Bytes("worker-lines", check_lines, line_seeds),
    Bytes("worker-host", check_host, host_seeds),
)
