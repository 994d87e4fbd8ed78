"""The child: one engine, asked by the host over a pipe.

The main thread does what is asked, in order: native libraries are happiest there. A second thread
does nothing but read, so that a cancel or the host's end is seen while the main thread computes.
It never writes, so a host that is slow to read cannot keep it from that.
"""

import faulthandler
import io
import math
import os
import queue
import sys
import threading
import traceback
from contextlib import suppress

from g4tui.core import Cancel, Engine, G4tuiError
from g4tui.worker import platform, protocol
from g4tui.worker.answering import answer, explained
from g4tui.worker.loading import open_engine

IDLE_S = 2.0
ORPHAN_GRACE_S = 2.5
EXIT_BROKEN = 70
READ_BYTES = 1 << 20


class HostGoneError(Exception):
    """Nobody reads any more."""


def run(incoming: int, outgoing: int, lifeline: int | None) -> None:
    """Serve the host on these descriptors until it says so or is gone, then end this process."""
    platform.no_core_dumps()
    platform.die_first()
    platform.ignore_interrupts()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    faulthandler.enable()
    child = Child(incoming, outgoing)
    child.send(protocol.Hello(protocol.PROTOCOL))
    platform.flush_native_lines()
    if lifeline is not None:
        platform.guard_orphan(lifeline)
    os._exit(child.serve())  # the destructors of native libraries are not worth a crash at the end


class Child:
    """The state of the process: its engine, what it was asked, what can be called off."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._asks: queue.SimpleQueue[protocol.Question | protocol.Refused | None] = (
            queue.SimpleQueue()
        )
        self._cancels: dict[int, Cancel] = {}
        self._sending = threading.Lock()
        self._over = threading.Event()
        self._engine: Engine | None = None

    def send(self, reply: protocol.Reply) -> None:
        """Write one line, when the pipe has room. Raises `HostGoneError` or `MalformedError`."""
        line = memoryview(protocol.encode(reply))
        with self._sending:
            try:
                while line:
                    line = line[os.write(self._outgoing, line) :]
            except OSError as error:
                raise HostGoneError from error

    def serve(self) -> int:
        """Do what is asked until there is no more; returns the exit code, if it returns."""
        reader = threading.Thread(target=self._read, name="reader", daemon=True)
        reader.start()
        with suppress(HostGoneError):
            if self._work():
                return 0
        self._close()
        self._over.set()
        reader.join(ORPHAN_GRACE_S)  # it knows whether the host is gone
        return EXIT_BROKEN

    def _work(self) -> bool:
        """Returns whether the host said that it was all; false when it will not say any more."""
        worked = False
        while True:
            try:
                ask = self._asks.get(timeout=IDLE_S if worked else None)
            except queue.Empty:
                self._attempt("idle")
                worked = False
                continue
            if ask is None:
                return False
            if isinstance(ask, protocol.Unload):
                self._close()
                self.send(protocol.Done(ask.id))
                return True
            try:
                self._do(ask)
            except HostGoneError:
                raise
            except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
                self.send(protocol.Refused(ask.id, explained(error)))
            worked = True

    def _do(self, ask: protocol.Question | protocol.Refused) -> None:
        match ask:
            case protocol.Refused():
                self.send(ask)
            case protocol.Load():
                self._load(ask)
            case protocol.Generate(number, request):
                try:
                    for event in answer(self._loaded(), request, self._cancels[number]):
                        self.send(protocol.Streamed(number, event))
                finally:
                    self._cancels.pop(number)
            case protocol.CountTokens(number, messages):
                self.send(protocol.Counted(number, int(self._loaded().count_tokens(messages))))
            case protocol.Tokenize(number, text):
                ids = [int(token) for token in self._loaded().tokenize(text)]
                self.send(protocol.Tokenized(number, ids))
            case protocol.PromptIds(number, messages):
                ids = [int(token) for token in self._loaded().prompt_ids(messages)]
                self.send(protocol.Tokenized(number, ids))
            case protocol.Score(number, tokens, start):
                scores = self._loaded().score(tokens, start)
                self.send(protocol.Scored(number, [_number(score) for score in scores]))
            case protocol.Embed(number, texts):
                vectors = self._loaded().embed(texts)
                floats = [_finite(vector) for vector in vectors]
                self.send(protocol.Embedded(number, floats))
            case protocol.Idle(number):
                self._loaded().idle()
                self.send(protocol.Done(number))

    def _load(self, load: protocol.Load) -> None:
        if self._engine is not None:
            raise G4tuiError("internal", "A worker holds one model only")
        engine = open_engine(
            load, lambda done, total: self.send(protocol.Loading(load.id, done, total))
        )
        self._engine = engine
        self.send(protocol.Loaded(load.id, int(engine.context), bool(engine.can_continue)))

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise G4tuiError("internal", "The worker was asked before it had a model")
        return self._engine

    def _close(self) -> None:
        """Let the engine save and free what it has; only once."""
        self._attempt("idle")
        self._attempt("close")
        self._engine = None

    def _attempt(self, what: str, *arguments: object) -> None:
        """Call the engine where nobody waits for an answer: a failure is for the log alone."""
        if self._engine is None:
            return
        try:
            getattr(self._engine, what)(*arguments)
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            traceback.print_exception(error, file=sys.stderr)

    def _read(self) -> None:
        """The reader thread: up to the host's end, and a little longer than the main thread."""
        lines = protocol.Lines()
        broken = False
        try:
            while data := os.read(self._incoming, READ_BYTES):
                for line in lines.feed(data):
                    self._sort(protocol.decode_ask(line))
        except BaseException as error:  # noqa: BLE001 - without this thread nothing can be stopped
            traceback.print_exception(error, file=sys.stderr)
            broken = True
        self._asks.put(None)
        for cancel in list(self._cancels.values()):
            self._call_off(cancel)
        self._over.wait(ORPHAN_GRACE_S)
        if broken:
            os._exit(EXIT_BROKEN)
        platform.end_orphan()

    def _sort(self, ask: protocol.Ask | protocol.Refused) -> None:
        if isinstance(ask, protocol.Cancel):
            cancel = self._cancels.get(ask.id)
            if cancel is not None:
                self._call_off(cancel)
            return
        if isinstance(ask, protocol.UseThreads):
            self._attempt("use_threads", ask.count)
            return
        if isinstance(ask, protocol.Generate):
            self._cancels[ask.id] = Cancel()
        self._asks.put(ask)

    def _call_off(self, cancel: Cancel) -> None:
        try:
            cancel.request()
        except BaseException as error:  # noqa: BLE001 - a plugin's callback
            traceback.print_exception(error, file=sys.stderr)


def _number(score: float) -> float | protocol.NoNumber:
    value = float(score)
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _finite(vector: list[float]) -> list[float]:
    floats = [float(value) for value in vector]
    if not all(map(math.isfinite, floats)):
        raise G4tuiError("plugin", "The backend gave a vector that is none", "It is not finite.")
    return floats
