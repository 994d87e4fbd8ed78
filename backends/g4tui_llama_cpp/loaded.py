"""A model in memory with its context, its adapters and what it has evaluated."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from g4tui.core import G4tuiError
from g4tui_llama_cpp import kv_store, native
from g4tui_llama_cpp.adapters import Adapters
from g4tui_llama_cpp.crew import Crew
from g4tui_llama_cpp.detokenize import Detokenizer
from g4tui_llama_cpp.kv import Held


class Settings(msgspec.Struct, frozen=True):
    """How a context is made."""

    n_ctx: int
    batch_size: int
    threads: int
    kv_type: str
    flash_attention: bool | Literal["auto"]


class Loaded:
    """Owns everything native. `held` and `context` change when adapters do.

    `shown` are control tokens that belong to an answer's text. Raises `G4tuiError` of kind
    `memory` when there is no room for a context.
    """

    def __init__(
        self,
        model: native.Model,
        path: Path,
        architecture: str,
        settings: Settings,
        log: Callable[[str], None],
    ) -> None:
        self.model = model
        self.settings = settings
        self.abort = native.AbortFlag()
        self.crew = Crew(settings.threads)
        self.shown = frozenset(
            ids[0]
            for text in ("<think>", "</think>")
            if len(ids := model.tokenize(text, special=True)) == 1
        )
        self._name = kv_store.identity(path, native.build(), settings)
        self._adapters = Adapters(model, architecture)
        self._applied: list[int] = []
        self.context = self._new_context()
        self.held = Held(self.context, self._name, self.text, log)

    def text(self, ids: Sequence[int]) -> str:
        """The words of an answer's tokens."""
        words = Detokenizer(self.model, self.shown)
        return "".join(words.push(token) for token in ids)

    def _new_context(self) -> native.Context:
        settings = self.settings
        context = native.Context(
            self.model,
            n_ctx=settings.n_ctx,
            batch_size=settings.batch_size,
            crew=self.crew,
            kv_type=settings.kv_type,
            flash_attention=settings.flash_attention,
            abort=self.abort,
        )
        if not context.handle:
            raise G4tuiError(
                "memory",
                "There was not enough memory for the model's context",
                "; ".join(context.errors[-2:]) or f"{settings.n_ctx:,} tokens were asked for.",
                "Load it with a smaller context, for example --set context=2048.",
            )
        return context

    def apply(self, adapters: Sequence[str]) -> Held:
        """Make these LoRA files, and no others, act on the model; gives `held`.

        Raises `G4tuiError` when a file is missing or does not fit; nothing is changed then.
        """
        handles, names, fresh = self._adapters.load(adapters)
        if handles == self._applied and self.context.handle:
            return self.held
        self.held.save()
        if fresh or not self.context.handle:
            # A context has room for the adapters that were known when it was made.
            self.context.close()
            self.context = self._new_context()
        if not self.context.set_adapters(handles):
            raise G4tuiError("internal", "llama.cpp could not apply the adapter")
        self._applied = handles
        self.held.attach(self.context, "+".join((self._name, names)) if names else self._name)
        return self.held

    def close(self) -> None:
        """Free all of it."""
        self.context.close()
        self.model.close()
