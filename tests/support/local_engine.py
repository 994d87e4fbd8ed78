"""A real model in this process, and what was heard of it."""

from collections.abc import Sequence
from pathlib import Path

from g4tui.core import (
    Cancel,
    Finished,
    Host,
    Message,
    ModelSpec,
    Params,
    Progress,
    Request,
)
from g4tui.testing.subject import Answer
from g4tui_llama_cpp.backend import LlamaCppBackend
from g4tui_llama_cpp.engine import LlamaCppEngine
from g4tui_llama_cpp.options import LlamaCppOptions

GREEDY = Params(temperature=0.0, max_tokens=12)


class Heard(Answer):
    """What was heard, and how."""

    @property
    def reason(self) -> str:
        assert isinstance(self.end, Finished), self.end
        return self.end.reason

    @property
    def evaluated(self) -> int:
        """Tokens of the prompt that were evaluated for this answer."""
        return self.usage.prompt - self.usage.cached

    @property
    def progress(self) -> list[Progress]:
        return [event for event in self.events if isinstance(event, Progress)]


class Local:
    """An open engine, its cache folder and its log; one thread, since tests share a machine."""

    def __init__(
        self,
        model: Path,
        cache: Path,
        *,
        context: int | None = 1024,
        options: LlamaCppOptions = LlamaCppOptions(),
        adapters: Sequence[str] = (),
    ) -> None:
        self.cache = cache
        self.log: list[str] = []
        self.loading: list[tuple[int, int]] = []
        self.host = Host(
            cache,
            threads=1,
            log=self.log.append,
            progress=lambda done, total: self.loading.append((done, total)),
        )
        spec = ModelSpec("llama-cpp", str(model), adapters=tuple(adapters), context=context)
        engine = LlamaCppBackend().open(spec, options, self.host)
        assert isinstance(engine, LlamaCppEngine)
        self.engine = engine

    def say(
        self,
        *messages: Message | str,
        params: Params = GREEDY,
        key: str | None = None,
        adapters: Sequence[str] = (),
        continue_last: bool = False,
        cancel: Cancel | None = None,
    ) -> Heard:
        """Ask; texts alone are the user's and the model's in turn."""
        request = Request(
            turns(*messages), params, continue_last, cache_key=key, adapters=tuple(adapters)
        )
        return Heard(list(self.engine.generate(request, cancel or Cancel())))

    def saved(self, key: str) -> list[Path]:
        """Files kept for a conversation."""
        return sorted((self.cache / "conversations" / key).iterdir())

    def close(self) -> None:
        self.engine.idle()
        self.engine.close()


def turns(*messages: Message | str) -> tuple[Message, ...]:
    """A conversation."""
    roles = ("user", "assistant")
    return tuple(
        message if isinstance(message, Message) else Message(roles[index % 2], message)  # type: ignore[arg-type]
        for index, message in enumerate(messages)
    )
