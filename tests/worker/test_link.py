"""The host's end of the pipes: signals for the living only, and one end, however it comes."""

import asyncio
import signal

import pytest

from g4tui.worker import link as link_module
from g4tui.worker import platform, protocol
from g4tui.worker.link import Link

PID = 2**31 - 1
"""No system gives it to anybody."""


class Played(asyncio.SubprocessTransport):
    """A child that does nothing by itself."""

    code: int | None = None
    closed = 0
    input: asyncio.WriteTransport | None = None

    def get_pid(self) -> int:
        return PID

    def get_returncode(self) -> int | None:
        return self.code

    def get_pipe_transport(self, fd: int) -> asyncio.BaseTransport | None:
        return self.input if fd == 0 else None

    def close(self) -> None:
        self.closed += 1


class PlayedInput(asyncio.WriteTransport):
    """Its standard input."""

    closing = False

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


class Heard:
    """A link to a played child, and what was heard of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replies: list[protocol.Reply] = []
        self.nonsense: list[str] = []
        self.ends: list[int | None] = []
        self.signals: list[str] = []
        for name in ("kill", "ask_to_end"):
            monkeypatch.setattr(platform, name, lambda pid, name=name: self.signals.append(name))
        self.child = Played()
        self.link = Link(self.replies.append, self.nonsense.append, self.ends.append)
        self.link.connection_made(self.child)

    async def until_end(self) -> list[int | None]:
        async with asyncio.timeout(30):
            while not self.ends:
                await asyncio.sleep(0.01)
        return self.ends

    def exits(self, code: int) -> None:
        self.child.code = code
        self.link.process_exited()


@pytest.fixture
async def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


async def test_no_signal_is_sent_once_the_process_has_exited(heard: Heard) -> None:
    """Its number may be somebody else's by then."""
    heard.link.ask_to_end()
    heard.exits(0)
    heard.link.ask_to_end()
    heard.link.kill()
    assert heard.signals == ["ask_to_end", "kill"], "the second is for what it left behind"
    assert await heard.until_end() == [0]


async def test_output_that_ends_before_the_process_is_no_nonsense(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "LAST_WORDS_S", 0.01)
    heard.link.pipe_connection_lost(1, None)
    heard.exits(-signal.SIGSEGV)
    assert heard.ends == [-signal.SIGSEGV]
    await asyncio.sleep(0.05)  # the look whether it lives comes after its end
    assert (heard.nonsense, heard.ends) == ([], [-signal.SIGSEGV])


async def test_a_closed_input_is_no_end(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "LAST_WORDS_S", 0.0)
    heard.link.pipe_connection_lost(0, None)
    await asyncio.sleep(0.01)
    heard.link.pipe_data_received(1, protocol.encode(protocol.Done(1)))
    assert (heard.replies, heard.nonsense, heard.ends) == ([protocol.Done(1)], [], [])


async def test_what_still_comes_after_the_exit_is_read(heard: Heard) -> None:
    heard.exits(0)
    heard.link.pipe_data_received(1, protocol.encode(protocol.Done(1)))
    heard.link.pipe_connection_lost(1, None)
    assert (heard.replies, heard.ends, heard.child.closed) == ([protocol.Done(1)], [0], 1)
    heard.link.pipe_data_received(1, protocol.encode(protocol.Done(2)))
    assert heard.replies == [protocol.Done(1)]


async def test_a_process_that_cannot_be_killed_is_given_up(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "UNKILLABLE_S", 0.01)
    heard.link.kill()
    assert await heard.until_end() == [None]
    heard.exits(-signal.SIGKILL)
    heard.link.pipe_connection_lost(1, None)
    assert (heard.ends, heard.child.closed) == ([None], 1)


async def test_of_nonsense_the_first_is_told(heard: Heard) -> None:
    for data in (b"ggml_init\n", b"again\n", protocol.encode(protocol.Done(1))):
        heard.link.pipe_data_received(1, data)
    assert (len(heard.nonsense), heard.replies) == (1, [])


async def test_what_is_asked_of_a_closed_pipe_goes_nowhere(heard: Heard) -> None:
    heard.link.send(protocol.Idle(1))
    heard.child.input = pipe = PlayedInput()
    heard.link.send(protocol.Idle(2))
    pipe.closing = True
    heard.link.send(protocol.Idle(3))
    assert pipe.written == protocol.encode(protocol.Idle(2))
    assert (heard.nonsense, heard.ends) == ([], []), "its end is told by itself"


async def test_output_that_ends_while_the_process_goes_on_is_nonsense(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "LAST_WORDS_S", 0.0)
    heard.link.pipe_connection_lost(1, None)
    async with asyncio.timeout(30):
        while not heard.nonsense:
            await asyncio.sleep(0.001)
    assert heard.nonsense == ["it closed its output and went on"]
