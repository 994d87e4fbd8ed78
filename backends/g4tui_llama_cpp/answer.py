"""One answer while it is generated, token by token."""

from collections.abc import Iterator, Sequence
from time import perf_counter

from g4tui.core import Cancel, FinishReason, G4tuiError
from g4tui_llama_cpp import native
from g4tui_llama_cpp.detokenize import Detokenizer
from g4tui_llama_cpp.loaded import Loaded
from g4tui_llama_cpp.stops import StopFilter


class Answer:
    """One answer while it is generated. `first` and `last` are times of its tokens."""

    def __init__(self, loaded: Loaded, stops: Sequence[str]) -> None:
        self._loaded = loaded
        self._stops = StopFilter(stops)
        self.ids: list[int] = []
        self.reason: FinishReason = "length"
        self.first = 0.0
        self.last = 0.0

    def run(self, sampler: native.Sampler, limit: int, cancel: Cancel) -> Iterator[str]:
        """Pieces of text until the answer ends; then `reason` says why."""
        model, context, held = self._loaded.model, self._loaded.context, self._loaded.held
        words = Detokenizer(model, self._loaded.shown)
        while True:
            token = sampler.sample(context)
            self.last = perf_counter()
            self.first = self.first or self.last
            if model.is_end(token):
                self.reason = "stop"
                break
            self.ids.append(token)
            text = self._stops.push(words.push(token))
            if text:
                yield text
            if self._stops.hit:
                self.reason = "stop"
                break
            if cancel.requested:
                self.reason = "cancelled"
                break
            if len(self.ids) == limit:
                break
            result = context.decode((token,), len(held.ids), "last")
            if result == native.ABORTED:
                self.reason = "cancelled"
                break
            if result != native.DECODED:
                raise not_evaluated(result)
            held.add((token,))
        if rest := self._stops.flush():
            yield rest

    def rate(self) -> float | None:
        """Tokens per second after the first."""
        count, seconds = len(self.ids) - 1, self.last - self.first
        return count / seconds if count > 0 and seconds > 0 else None


def not_evaluated(result: int) -> G4tuiError:
    return G4tuiError(
        "internal",
        "llama.cpp could not evaluate the text",
        f"llama_decode gave {result}; the log says more.",
        "Try again; if it stays so, load the model with a smaller context.",
    )
