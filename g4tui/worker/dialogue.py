"""One question at a time to one child: whose turn it is, how long to wait, and how it all ends."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g4tui.core import Cancel, ErrorInfo, Finished, G4tuiError
from g4tui.worker import exits, protocol
from g4tui.worker.exits import WorkerExit
from g4tui.worker.link import Link
from g4tui.worker.logfile import LogFile
from g4tui.worker.questions import HIGH_BYTES, Call, LoadCall, ReplyType, Stream

TICK_S = 1.0

Question = Call[Any] | Stream


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


class Dialogue:
    """Talks to a child. Questions get their turns in the order in which they come.

    A question has its turn until the child answered it, even when nobody waits for that any more.
    `exit` tells how the child ended, once it has.
    """

    def __init__(self, log_path: Path, limits: Limits) -> None:
        self.numbers = itertools.count(1)
        self.exit: WorkerExit | None = None
        self._log_path = log_path
        self._limits = limits
        self._turn = asyncio.Lock()
        self._gone = asyncio.Event()
        self._current: Question | None = None
        self._greeted = False
        self._doom: tuple[exits.Reason, ErrorInfo | None] | None = None
        self._heard = 0.0
        self._stopping: list[asyncio.TimerHandle] = []
        self._ticking: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._link: Link | None = None
        self._log: LogFile | None = None

    @property
    def pid(self) -> int | None:
        """The process, once it was started."""
        return self._link.pid if self._link else None

    @property
    def open(self) -> bool:
        """Whether there is a child that can be asked something."""
        return self._link is not None and self._doom is None and self.exit is None

    @property
    def crashed(self) -> bool:
        """Whether it ended, or is being ended, in a way that speaks against the model."""
        if self.exit is not None:
            return self.exit.counts_as_crash
        return self._doom is not None and self._doom[0] in exits.CRASHES

    @property
    def paused(self) -> bool:
        """Whether the child has to wait because nobody takes what it says."""
        return self._link is not None and self._link.paused

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start the process; raises `G4tuiError`."""
        self._loop = asyncio.get_running_loop()
        link = Link(self._on_reply, self._on_nonsense, self._on_end)
        try:
            self._log = LogFile(self._log_path)
            await link.spawn(self._log.descriptor, environment)
        except BaseException as error:
            self._finish(WorkerExit("closed"))
            if not isinstance(error, OSError):
                raise
            raise G4tuiError(
                "internal",
                "A process for the model cannot be started",
                str(error),
                "Check free memory, free disk space and the limit of processes.",
            ) from error
        self._link = link
        self._heard = self._loop.time()
        self._tick()

    async def call(self, call: Call[ReplyType], ask: protocol.Ask) -> ReplyType:
        """The reply to a question; raises `G4tuiError`."""
        self._require_open()
        await self._turn.acquire()
        self._ask(call, ask)
        return await call.reply

    async def begin(self, stream: Stream, ask: protocol.Ask, cancel: Cancel) -> bool:
        """Ask for an answer when it is its turn; false when `cancel` comes before that.

        Raises `G4tuiError`.
        """
        self._require_open()
        waiting = self._loop.create_task(self._turn.acquire())
        cancel.on_request(lambda: self._soon(waiting.cancel))
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._turn.release()
            waiting.cancel()
            raise
        if waiting.cancelled():
            return False
        self._ask(stream, ask)
        cancel.on_request(lambda: self._soon(lambda: self.stop(stream)))
        return True

    def tell(self, remark: protocol.UseThreads) -> None:
        """Say what the child heeds while it works, and does not answer. Raises `G4tuiError`."""
        self._require_open().send(remark)

    def stop(self, stream: Stream) -> None:
        """Ask for the end of an answer, then insist: cancel, SIGTERM, SIGKILL."""
        if stream.over or stream is not self._current or self._stopping or self._link is None:
            return
        self._link.resume()
        self._link.send(protocol.Cancel(stream.number))
        stop_s, term_s = self._limits.stop_s, self._limits.term_s
        self._stopping = [
            self._loop.call_later(stop_s, self._insist),
            self._loop.call_later(stop_s + term_s, self._link.kill),
        ]

    def go_on_reading(self) -> None:
        """What was said has been taken."""
        if self._link is not None and self._link.paused:
            self._heard = self._loop.time()
            self._link.resume()

    async def close(self) -> None:
        """Stop what goes on, let the engine save its state, and end the process, or force it to."""
        if self._link is None or self.exit is not None:
            return
        if self._doom is None:
            self._doom = ("closed", None)
            if isinstance(self._current, Stream):
                self.stop(self._current)
            self._link.send(protocol.Unload(next(self.numbers)))
        if await self._ends_within(self._limits.close_s):
            return
        self._link.ask_to_end()
        if await self._ends_within(self._limits.term_s):
            return
        self._link.kill()
        await self._gone.wait()

    async def abort(self) -> None:
        """End the process at once, and wait for that."""
        self._condemn("closed", None)
        await self._ends_within(self._limits.close_s)

    def _ask(self, question: Question, ask: protocol.Ask) -> None:
        """Send what has the turn; where that cannot be, raise `G4tuiError` and give the turn up."""
        self._current = question
        try:
            link = self._require_open()
            assert self._log is not None
            self._log.question_asked()
            link.send(ask)
            self._heard = self._loop.time()
        except protocol.MalformedError as error:
            self._settle()
            raise G4tuiError("usage", "That cannot be sent to the model", str(error)) from error
        except G4tuiError:
            self._settle()
            raise

    def _require_open(self) -> Link:
        if self._link is None or not self.open:
            raise G4tuiError.of((self.exit and self.exit.error) or exits.gone())
        return self._link

    def _settle(self) -> None:
        """The current question is over: the next one's turn."""
        for timer in self._stopping:
            timer.cancel()
        self._stopping = []
        self._current = None
        self._turn.release()

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
            self._greet(reply)
            return
        if not self._greeted:
            raise protocol.MalformedError("it did not greet first")
        reason, error = self._doom or ("", None)
        if error is not None or (reason and isinstance(reply, protocol.Done)):
            return
        question = self._current
        if question is None or reply.id != question.number:
            raise protocol.MalformedError(f"it answered question {reply.id}, which is not open")
        if question.take(reply):
            self._settle()
        elif isinstance(question, Stream) and question.backlog > HIGH_BYTES and not self._stopping:
            assert self._link is not None
            self._link.pause()

    def _greet(self, hello: protocol.Hello) -> None:
        if hello.protocol != protocol.PROTOCOL:
            raise protocol.MalformedError(
                f"it speaks version {hello.protocol} of the protocol, not {protocol.PROTOCOL}"
            )
        self._greeted = True

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
        if self._log is not None:
            self._log.close()
            self._log = None
        question = self._current
        if isinstance(question, Stream) and ended.error is None:
            question.end(Finished("cancelled"))
        elif question is not None:
            question.fail(ended.error or exits.gone())
        if question is not None:
            self._settle()
        self._gone.set()

    def _tick(self) -> None:
        """Now and then: keep the log short, and see whether the child hangs."""
        assert self._log is not None and self._link is not None
        with suppress(OSError):  # a full disk is not this answer's trouble
            self._log.bound()
        loading = isinstance(self._current, LoadCall)
        limit = self._limits.load_s if loading else self._limits.silence_s
        silent = self._loop.time() - self._heard
        if self._current is not None and not self._link.paused and silent > limit:
            error = exits.silence(limit, self._current.doing, self._log_tail())
            self._condemn("timeout", error)
        self._ticking = self._loop.call_later(min(TICK_S, limit / 2), self._tick)

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), seconds)
        return self._gone.is_set()

    def _log_tail(self) -> str:
        return self._log.tail() if self._log else ""

    def _soon(self, act: Callable[[], object]) -> None:
        """On the loop, from any thread; a loop that has ended has no more to stop."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)
