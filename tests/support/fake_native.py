"""A native backend that does what its script says: well, badly, or not at all.

The model's name is the script: `llama-cpp:answer` would be `fake:answer`. See `FakeEngine.generate`.
"""

import ctypes
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

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


class FakeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the fake."""

    threads: int = 0
    greeting: str = "Hello"


class FakeEngine(Engine):
    """Answers as the model's name says."""

    can_continue = True

    def __init__(self, script: str, options: FakeOptions, host: Host) -> None:
        self.context = 2048
        self.script = script
        self.options = options
        self.host = host

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        yield Progress("prefill", 1, 1)
        for word in ("Hello", " there", "!"):
            yield TextDelta(word)
        yield Usage(prompt=3, completion=3)
        yield Finished("stop")


class FakeBackend(Backend[FakeOptions]):
    """See the module."""

    name = "fake"
    options = FakeOptions

    def models(self, host: Host, options: FakeOptions) -> list[ModelInfo]:
        return [ModelInfo("fake:answer", "fake", "A scripted model", context=2048)]

    def open(self, spec: ModelSpec, options: FakeOptions, host: Host) -> FakeEngine:
        return FakeEngine(spec.model, options, host)


def g4tui_register_backends() -> list[FakeBackend]:
    return [FakeBackend()]
