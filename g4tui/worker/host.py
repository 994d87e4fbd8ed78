"""A model in a child process, as the rest of the application sees it."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from g4tui.core import (
    Cancel,
    ErrorInfo,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Message,
    ModelFile,
    ModelSpec,
    Progress,
    Request,
)
from g4tui.worker import exits, process, protocol
from g4tui.worker.exchange import HIGH_BYTES, Call, LoadCall, Stream
from g4tui.worker.exits import WorkerExit
from g4tui.worker.link import Link
from g4tui.worker.logfile import LogFile

TICK_S = 1.0

ReplyType = TypeVar("ReplyType", bound=protocol.Reply)


@dataclass(frozen=True)
class HostConfig:
    """What the child's `Host` is made of."""

    cache_dir: Path
    model_files: Sequence[ModelFile] = ()
    threads: int = 1


@dataclass(frozen=True)
class Limits:
    """Patience, in seconds.

    `load_s` and `silence_s` run between two signs of life: a long cold prefill is honest work.
    A stop that is not heeded within `stop_s` becomes SIGTERM, and SIGKILL `term_s` later.
    """

    load_s: float = 600.0
    silence_s: float = 600.0
    stop_s: float = 1.0
    term_s: float = 0.5
    close_s: float = 5.0


class Worker:
    """One model in one process; for one event loop. After its end a new `Worker` is needed.

    Questions are asked one after another, in the order in which they come. `exit` tells how the
    process ended, once it has. `module`: where to find the backend, instead of its entry point.
    """

    def __init__(
        self,
        backend_name: str,
        spec: ModelSpec,
        options: Mapping[str, object],
        host: HostConfig,
        log_path: Path,
        extra_env: Mapping[str, str] = {},
        *,
        module: str | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._backend_name = backend_name
        self._spec = spec
        self._options = dict(options)
        self._host = host
        self._log_path = log_path
        self._extra_env = extra_env
        self._module = module
        self._limits = limits
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self._gone = asyncio.Event()
        self._current: Call | Stream | None = None
        self._greeted = False
        self._doom: tuple[exits.Reason, ErrorInfo | None] | None = None
        self._heard = 0.0
        self._timers: list[asyncio.TimerHandle] = []
        self._loop: asyncio.AbstractEventLoop
        self._link: Link | None = None
        self._log: LogFile | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._loaded = False
        self.context = 0
        self.can_continue = False
        self.exit: WorkerExit | None = None

    @property
    def pid(self) -> int | None:
        """The process, once it was started."""
        return self._link.pid if self._link else None

    @property
    def alive(self) -> bool:
        """Whether it can be asked something."""
        return self._loaded and self._doom is None and self.exit is None

    async def start(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> None:
        """Start the process and load the model; raises `G4tuiError`, and leaves no process then."""
        self._loop = asyncio.get_running_loop()
        try:
            loaded = await self._load(on_progress)
        except BaseException:
            self._condemn("closed", None)
            with suppress(TimeoutError):
                await self._wait(self._limits.close_s)
            raise
        self.can_continue = loaded.can_continue
        self.context = loaded.context
        self._loaded = True

    async def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        """The answer's events; the last is `Finished` or `Failed`, and there is no other of these.

        Leaving the iteration early stops the generation.
        """
        if not await self._my_turn(cancel):
            yield Finished("cancelled")
            return
        stream = Stream(next(self._numbers))
        try:
            self._ask(stream, protocol.Generate(stream.number, request))
        except G4tuiError as error:
            yield Failed(error.info)
            return
        cancel.on_request(lambda: self._soon(lambda: self._stop(stream)))
        try:
            while True:
                await stream.wait()
                events = stream.drain()
                self._go_on_reading()
                for event in events:
                    yield event
                    if isinstance(event, Finished | Failed):
                        return
        finally:
            self._stop(stream)

    async def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens a prompt made of `messages` has. Raises `G4tuiError`, as all below."""
        number = next(self._numbers)
        ask = protocol.CountTokens(number, tuple(messages))
        return (await self._call(ask, protocol.Counted, "counting tokens")).count

    async def tokenize(self, text: str) -> list[int]:
        """The ids of `text`."""
        ask = protocol.Tokenize(next(self._numbers), text)
        return (await self._call(ask, protocol.Tokenized, "tokenizing")).ids

    async def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Natural log-probabilities of `ids[start:]`; some may be infinite or not a number."""
        ask = protocol.Score(next(self._numbers), tuple(ids), start)
        scored = await self._call(ask, protocol.Scored, "scoring")
        return [float(value) for value in scored.values]

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text."""
        ask = protocol.Embed(next(self._numbers), tuple(texts))
        return (await self._call(ask, protocol.Embedded, "embedding")).vectors

    async def idle(self) -> None:
        """Have the engine save its state now; it also does so by itself after a quiet moment."""
        await self._call(protocol.Idle(next(self._numbers)), protocol.Done, "saving")

    async def close(self) -> None:
        """Stop what it does, let it save its state, and end the process, by force if need be."""
        if self._link is None or self.exit is not None:
            return
        if self._doom is None:
            self._doom = ("closed", None)
            if isinstance(self._current, Stream):
                self._stop(self._current)
            self._link.send(protocol.Unload(next(self._numbers)))
        try:
            await self._wait(self._limits.close_s)
        except TimeoutError:
            self._link.ask_to_end()
            try:
                await self._wait(self._limits.term_s)
            except TimeoutError:
                self._link.kill()
                await self._gone.wait()

    async def _load(self, on_progress: Callable[[Progress], None]) -> protocol.Loaded:
        await self._turn.acquire()
        module_env = process.module_environment() if self._module else {}
        environment = process.environment({**module_env, **self._extra_env})
        link = Link(self._on_reply, self._on_nonsense, self._on_end)
        try:
            self._log = LogFile(self._log_path)
            await link.spawn(self._log.descriptor, environment)
        except OSError as error:
            self._finish(WorkerExit("closed"))
            raise G4tuiError(
                "internal",
                "A process for the model cannot be started",
                str(error),
                "Check free memory, free disk space and the limit of processes.",
            ) from error
        self._link = link
        call = LoadCall(next(self._numbers), on_progress)
        self._current = call
        self._heard = self._loop.time()
        self._tick()
        self._send(
            protocol.Load(
                call.number,
                self._backend_name,
                self._spec,
                self._options,
                str(self._host.cache_dir),
                tuple(self._host.model_files),
                self._host.threads,
                self._module,
            )
        )
        return _of_type(await call.reply, protocol.Loaded)

    async def _call(self, ask: protocol.Ask, reply_type: type[ReplyType], doing: str) -> ReplyType:
        await self._turn.acquire()
        call = Call(ask.id, doing)
        self._ask(call, ask)
        return _of_type(await call.reply, reply_type)

    async def _my_turn(self, cancel: Cancel) -> bool:
        """Wait for the question before; false when the person stops before that."""
        waiting = self._loop.create_task(self._turn.acquire())
        cancel.on_request(lambda: self._soon(waiting.cancel))
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._turn.release()
            waiting.cancel()
            raise
        return not waiting.cancelled()

    def _ask(self, question: Call | Stream, ask: protocol.Ask) -> None:
        """Send what has the turn; where that cannot be, raise `G4tuiError` and give the turn up."""
        self._current = question
        try:
            if not self.alive:
                raise G4tuiError.of((self.exit and self.exit.error) or exits.gone())
            self._send(ask)
        except G4tuiError:
            self._settle()
            raise

    def _send(self, ask: protocol.Ask) -> None:
        assert self._link is not None
        self._heard = self._loop.time()
        try:
            self._link.send(ask)
        except protocol.MalformedError as error:
            raise G4tuiError("usage", "That cannot be sent to the model", str(error)) from error

    def _settle(self) -> None:
        """The current question is answered: the next one's turn."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._current = None
        self._turn.release()

    def _stop(self, stream: Stream) -> None:
        """Ask, then insist: cancel, SIGTERM, SIGKILL."""
        if stream.over or stream is not self._current or self._timers:
            return
        assert self._link is not None
        self._link.resume()
        self._link.send(protocol.Cancel(stream.number))
        stop_s, term_s = self._limits.stop_s, self._limits.term_s
        self._timers = [
            self._loop.call_later(stop_s, self._insist),
            self._loop.call_later(stop_s + term_s, self._link.kill),
        ]

    def _insist(self) -> None:
        assert self._link is not None
        self._doom = self._doom or ("stopped", None)
        self._link.ask_to_end()

    def _condemn(self, reason: exits.Reason, error: ErrorInfo | None) -> None:
        """Kill the process for `reason`; whoever waits for it hears of it now."""
        if self._link is None or self.exit is not None:
            return
        self._doom = self._doom or (reason, error)
        self._link.kill()
        if error is not None and self._current is not None:
            self._current.fail(error)

    def _on_reply(self, reply: protocol.Reply) -> None:
        self._heard = self._loop.time()
        if isinstance(reply, protocol.Hello):
            if reply.protocol != protocol.PROTOCOL:
                raise protocol.MalformedError(
                    f"it speaks version {reply.protocol} of the protocol, not {protocol.PROTOCOL}"
                )
            self._greeted = True
            return
        if not self._greeted:
            raise protocol.MalformedError("it did not greet first")
        question = self._current
        if self._doom is not None and isinstance(reply, protocol.Done):
            return
        if question is None or reply.id != question.number:
            raise protocol.MalformedError(f"it answered question {reply.id}, which is not open")
        if question.take(reply):
            self._settle()
        elif isinstance(question, Stream) and question.backlog > HIGH_BYTES:
            assert self._link is not None
            if not self._timers:
                self._link.pause()

    def _go_on_reading(self) -> None:
        if self._link is not None and self._link.paused:
            self._heard = self._loop.time()
            self._link.resume()

    def _on_nonsense(self, what: str) -> None:
        self._condemn("protocol", exits.nonsense(what, self._log_tail()))

    def _on_end(self, code: int | None) -> None:
        doing = self._current.doing if self._current else "idle"
        reason, error = self._doom or ("crashed", exits.crash(code, doing, self._log_tail()))
        self._finish(WorkerExit(reason, error, code, exits.signal_name(code)))

    def _finish(self, ended: WorkerExit) -> None:
        self.exit = ended
        if self._ticking is not None:
            self._ticking.cancel()
        question = self._current
        if isinstance(question, Stream) and ended.error is None:
            question.end(Finished("cancelled"))
        elif question is not None:
            question.fail(ended.error or exits.gone())
        if self._log is not None:
            self._log.close()
        if question is not None:
            self._settle()
        self._gone.set()

    def _tick(self) -> None:
        """Now and then: keep the log short, and see whether the child hangs."""
        assert self._log is not None and self._link is not None
        self._log.bound()
        loading = isinstance(self._current, LoadCall)
        limit = self._limits.load_s if loading else self._limits.silence_s
        silent = self._loop.time() - self._heard
        if self._current is not None and not self._link.paused and silent > limit:
            error = exits.silence(limit, self._current.doing, self._log_tail())
            self._condemn("timeout", error)
        self._ticking = self._loop.call_later(min(TICK_S, limit / 2), self._tick)

    async def _wait(self, seconds: float) -> None:
        await asyncio.wait_for(self._gone.wait(), seconds)

    def _log_tail(self) -> str:
        return self._log.tail() if self._log else ""

    def _soon(self, act: Callable[[], object]) -> None:
        """On the loop, from any thread; a loop that has ended has no more to stop."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)


def _of_type(reply: protocol.Reply, expected: type[ReplyType]) -> ReplyType:
    if not isinstance(reply, expected):
        raise G4tuiError("protocol", "The model's process gave another answer than was asked for")
    return reply
