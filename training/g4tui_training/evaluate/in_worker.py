"""A model in a g4tui worker: any native backend that gives log-probabilities."""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from g4tui.core import (
    Cancel,
    Failed,
    Finished,
    G4tuiError,
    Message,
    ModelSpec,
    Params,
    Request,
    TextDelta,
    Usage,
)
from g4tui.engine.cores import physical_cores
from g4tui.formats import GgufHeader, read_gguf
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import load_plugins
from g4tui.worker import HostConfig, Worker
from g4tui_training.evaluate.measured import Answer, peak_of
from g4tui_training.gguf_words import token_strings, vocabulary_digest

CONTEXT = 2048
Result = TypeVar("Result")


class WorkerModel:
    """A model in a process of its own. Raises `G4tuiError`; also what a backend cannot do."""

    templated = True

    def __init__(self, spec: ModelSpec, paths: Paths) -> None:
        self._runner = asyncio.Runner()
        self._worker: Worker | None = None
        try:
            file, self._worker = open_worker(spec, paths)
            header = read_gguf(file)
            self.engine = spec.backend
            self.tokenizer = vocabulary_digest(token_strings(file, header))
            adds_bos = header.metadata.get("tokenizer.ggml.add_bos_token") is True
            self.begin = header.number("tokenizer.ggml.bos_token_id") if adds_bos else None
            self._do(self._worker.start())
            self.context = self._worker.context
            self.templated = bool(header.template)
            self.end = self._end(header)
        except BaseException:
            self.close()
            raise

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """As the chat would ask it."""
        return self._do(self._open.prompt_ids(messages))

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text."""
        return self._do(self._open.tokenize(text))

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Log-probabilities."""
        return self._do(self._open.score(ids, start))

    def answer(self, prompt: str, max_tokens: int) -> Answer:
        """Greedy, by the engine that the chat uses."""
        params = Params(temperature=0.0, max_tokens=max_tokens)
        return self._do(self._answer(Request((Message("user", prompt),), params)))

    def peak_bytes(self) -> int | None:
        """Of the worker; weights that are mapped from the file count once they were read."""
        return peak_of(self._open.pid)

    def close(self) -> None:
        """End the process."""
        if self._worker is not None:
            self._do(self._worker.close())
            self._worker = None
        self._runner.close()

    @property
    def _open(self) -> Worker:
        assert self._worker is not None
        return self._worker

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    async def _answer(self, request: Request) -> Answer:
        text, usage = "", Usage()
        async for event in self._open.generate(request, Cancel()):
            match event:
                case TextDelta(part):
                    text += part
                case Usage():
                    usage = event
                case Failed(error):
                    raise G4tuiError.of(error)
                case Finished(reason):
                    return Answer(
                        text, usage.completion, reason == "stop", usage.ttft_s, usage.tok_per_s
                    )
        raise AssertionError("a stream ends with Finished or Failed")

    def _end(self, header: GgufHeader) -> int | None:
        """What the template puts behind an answer, if that is a token for ends, else EOS."""
        ends = {header.number(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")}
        said = Message("assistant", "a")
        asked = self.prompt_ids([Message("user", "a")])
        after = self.prompt_ids([Message("user", "a"), said, Message("user", "a")])
        start = len(asked) + len(self.tokenize(said.text))
        found = after[start : start + 1]
        return found[0] if found and found[0] in ends else header.number(_EOS)


_EOS = "tokenizer.ggml.eos_token_id"


def open_worker(spec: ModelSpec, paths: Paths) -> tuple[Path, Worker]:
    """A worker that is not started, and the file of its model, which is GGUF."""
    backend = load_plugins().backend(spec.backend)
    library = Library(paths)
    found = library.find(spec.model)
    context = min(CONTEXT, found.context or CONTEXT)
    # The backend's own defaults: a person's settings must not change a figure.
    worker = Worker(
        spec.backend,
        msgspec.structs.replace(spec, context=context),
        {},
        HostConfig(paths.plugin_cache(spec.backend), tuple(library.files()), physical_cores()),
        paths.worker_log(spec.id),
        backend.environment(),
    )
    return Path(found.path), worker
