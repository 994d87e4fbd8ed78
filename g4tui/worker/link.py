"""The child's process and pipes as the host's event loop sees them."""

import asyncio
import os
from collections.abc import Callable, Mapping

from g4tui.worker import platform, process, protocol

LAST_WORDS_S = 0.25
"""How long to read on after the child ended: something that it started may hold its pipe open."""
UNKILLABLE_S = 1.0
"""How long to wait for a killed process, which a disk that does not answer can keep alive."""


class Link(asyncio.SubprocessProtocol):
    """A running child. `on_end` hears its return code, once; `None`: it cannot be ended."""

    def __init__(
        self,
        on_reply: Callable[[protocol.Reply], None],
        on_nonsense: Callable[[str], None],
        on_end: Callable[[int | None], None],
    ) -> None:
        self._on_reply = on_reply
        self._on_nonsense = on_nonsense
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._lines = protocol.Lines()
        self._transport: asyncio.SubprocessTransport | None = None
        self._lifeline: int | None = None
        self._exited = False
        self._ended = False
        self._output_closed = False
        self._deaf = False
        self.paused = False
        self.pid = 0

    async def spawn(self, log: int, environment: Mapping[str, str]) -> None:
        """Start the child; `log` is the descriptor that it prints to. Raises `OSError`."""
        lifeline = platform.make_lifeline()
        theirs = None
        if lifeline is not None:
            theirs, self._lifeline = lifeline
        try:
            await self._loop.subprocess_exec(
                lambda: self,
                *process.command(theirs),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
                **platform.spawn_options(theirs),
            )
        except BaseException:
            self._cut_lifeline()
            raise
        finally:
            if theirs is not None:
                os.close(theirs)

    def send(self, ask: protocol.Ask) -> None:
        """Write without waiting; raises `MalformedError` for what cannot be sent."""
        line = protocol.encode(ask)
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        if isinstance(pipe, asyncio.WriteTransport) and not pipe.is_closing():
            pipe.write(line)

    def pause(self) -> None:
        """Read no more for now; the child waits when its pipe is full."""
        pipe = self._output()
        if not self.paused and not self._exited and pipe is not None:
            pipe.pause_reading()
            self.paused = True

    def resume(self) -> None:
        """Read on."""
        pipe = self._output()
        if self.paused and pipe is not None:
            pipe.resume_reading()
        self.paused = False

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if not self._exited:
            platform.ask_to_end(self.pid)

    def kill(self) -> None:
        """SIGKILL; `on_end` is called soon, whatever happens."""
        if not self._exited:
            platform.kill(self.pid)
            self._loop.call_later(UNKILLABLE_S, self._end)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self.pid = transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        try:
            if not self._deaf:
                for line in self._lines.feed(data):
                    self._on_reply(protocol.decode_reply(line))
        except protocol.MalformedError as error:
            self._nonsense(str(error))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd != 1:
            return
        self._output_closed = True
        if self._exited:
            self._end()
        else:
            went_on = "it closed its output and went on"
            self._loop.call_later(LAST_WORDS_S, self._nonsense, went_on)

    def process_exited(self) -> None:
        platform.kill(self.pid)  # what it started and left behind
        self._exited = True
        self.resume()
        if self._output_closed:
            self._end()
        else:
            self._loop.call_later(LAST_WORDS_S, self._end)

    def _output(self) -> asyncio.ReadTransport | None:
        pipe = self._transport.get_pipe_transport(1) if self._transport else None
        return pipe if isinstance(pipe, asyncio.ReadTransport) else None

    def _nonsense(self, what: str) -> None:
        if not self._deaf:
            self._deaf = True
            self._on_nonsense(what)

    def _end(self) -> None:
        if self._ended or self._transport is None:
            return
        self._ended = self._deaf = True
        self._cut_lifeline()
        code = self._transport.get_returncode()
        self._transport.close()
        self._on_end(code)

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
