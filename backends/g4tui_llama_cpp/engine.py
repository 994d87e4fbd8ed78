"""A loaded model that answers: the backend's engine, one request at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from g4tui.core import (
    Cancel,
    Engine,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    Progress,
    Request,
    TextDelta,
    Usage,
    estimated_tokens,
)
from g4tui_llama_cpp import native
from g4tui_llama_cpp.answer import Answer, not_evaluated
from g4tui_llama_cpp.loaded import Loaded
from g4tui_llama_cpp.prompt import Prompt, encode, fewest_tokens
from g4tui_llama_cpp.sampler import is_repeatable, make_sampler, model_defaults
from g4tui_llama_cpp.scoring import mean_vectors, score
from g4tui_llama_cpp.template import ChatTemplate


class LlamaCppEngine(Engine):
    """Answers from one model, which `Loaded` owns.

    `default_adapters` are applied when a request names none.
    """

    can_continue = True

    def __init__(
        self,
        loaded: Loaded,
        template: ChatTemplate,
        host: Host,
        *,
        context: int,
        keep_conversations: bool,
        default_adapters: Sequence[str] = (),
    ) -> None:
        self.context = context
        self._loaded = loaded
        self._model = loaded.model
        self._template = template
        self._host = host
        self._keep = keep_conversations
        self._default_adapters = tuple(default_adapters)
        self._defaults = model_defaults(self._model)
        self._request_number = 0

    def use_threads(self, count: int | None) -> None:
        """Never more than it was opened with."""
        crew = self._loaded.crew
        crew.count = crew.all if count is None else min(count, crew.all)

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        """Answer a request; every failure is a `Failed` event."""
        started = perf_counter()
        self._request_number += 1
        number = self._request_number
        abort = self._loaded.abort
        abort.clear()

        def stop() -> None:
            if number == self._request_number:  # a late stop must not end the next answer
                abort.set()

        cancel.on_request(stop)
        try:
            yield from self._answer(request, cancel, started)
        except G4tuiError as error:
            yield Failed(error.info)
        finally:
            self._request_number += 1
            abort.clear()

    def _answer(self, request: Request, cancel: Cancel, started: float) -> Iterator[Event]:
        held = self._loaded.apply(request.adapters or self._default_adapters)
        held.move_to(self._folder(request.cache_key))
        prompt = self._prompt(request)
        limit = self._room(prompt, request.params.max_tokens)
        cached = held.reuse(prompt.ids, exactly=is_repeatable(request.params, self._defaults))
        for done in self._prefill(prompt.ids, cached, cancel):
            yield Progress("prefill", done, len(prompt.ids))
        if len(held.ids) < len(prompt.ids):
            yield Usage(prompt=len(prompt.ids), cached=cached, cost_usd=0.0)
            yield Finished("cancelled")
            return
        answer = Answer(self._loaded, self._template.stops + request.params.stop)
        sampler = make_sampler(
            self._model, request.params, self._defaults, prompt.ids[prompt.answer_start :]
        )
        try:
            if self._template_thinks(prompt):
                yield TextDelta("<think>\n")
            for text in answer.run(sampler, limit, cancel):
                yield TextDelta(text)
        finally:
            sampler.close()
            held.resync()
            said = prompt.ids[prompt.answer_start :] + answer.ids
            held.answers.remember(self._loaded.text(said), said)
        yield Usage(
            prompt=len(prompt.ids),
            cached=cached,
            completion=len(answer.ids),
            ttft_s=answer.first - started if answer.first else None,
            tok_per_s=answer.rate(),
            cost_usd=0.0,
        )
        yield Finished(answer.reason)

    def _folder(self, cache_key: str | None) -> Path | None:
        """Where a conversation is kept; a cache that cannot be written is no reason to fail."""
        if cache_key is None or not self._keep:
            return None
        try:
            return self._host.conversation_dir(cache_key)
        except OSError as error:
            self._host.log(f"The conversation's cache cannot be made: {error}")
            return None

    def _prefill(self, ids: list[int], done: int, cancel: Cancel) -> Iterator[int]:
        """Evaluate `ids[done:]`; gives how many are done, after each batch. Ends when stopped."""
        held, context = self._loaded.held, self._loaded.context
        if len(ids) - done > context.batch_size:
            yield done
        while done < len(ids) and not cancel.requested:
            batch = ids[done : done + context.batch_size]
            last = done + len(batch) == len(ids)
            result = context.decode(batch, done, "last" if last else "none")
            if result == native.ABORTED:
                held.resync()
                return
            if result != native.DECODED:
                held.resync()
                raise not_evaluated(result)
            held.add(batch)
            done += len(batch)
            yield done

    def _prompt(self, request: Request) -> Prompt:
        messages = request.messages
        if not messages:
            raise _unusable("There is no message to answer.")
        continued = request.continue_last
        if continued and messages[-1].role != "assistant":
            raise _unusable("Only an answer can be continued, and the last message is none.")
        if continued and not messages[-1].text:
            return self._encode(messages[:-1], False, request)
        return self._encode(messages, continued, request)

    def _encode(self, messages: Sequence[Message], continued: bool, request: Request) -> Prompt:
        extra = request.params.extra.get("template")
        pieces = self._template.pieces(
            messages,
            continue_last=continued,
            extra=extra if isinstance(extra, dict) else None,
        )
        if (fewest := fewest_tokens(pieces)) > self.context:  # a paste of megabytes
            raise self._too_long(f"at least {fewest:,}")
        answers = frozenset(i for i, message in enumerate(messages) if message.role == "assistant")
        said = self._loaded.held.answers
        return encode(pieces, self._model, said, answers, continued, self.context)

    def _room(self, prompt: Prompt, max_tokens: int | None) -> int:
        """How many tokens the answer may have."""
        room = self.context - len(prompt.ids)
        if room < 1:
            raise self._too_long(f"{len(prompt.ids):,}")
        if max_tokens is not None and max_tokens < 1:
            raise _unusable(f"max_tokens is {max_tokens}; it must be at least 1.")
        return min(room, max_tokens or room)

    def _too_long(self, tokens: str) -> G4tuiError:
        return G4tuiError(
            "context",
            "The conversation is longer than the model's context",
            f"The prompt has {tokens} tokens; prompt and answer together may have "
            f"{self.context:,}.",
            "Shorten it, start a new session, or load the model with a larger context.",
        )

    def _template_thinks(self, prompt: Prompt) -> bool:
        """Whether the prompt itself opened the thinking that the answer goes on with."""
        end = prompt.ids[-4:] if prompt.answer_start == len(prompt.ids) else []
        return self._loaded.text(end).rstrip().endswith("<think>")

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text; control tokens in it are not recognised."""
        return self._model.tokenize(text, special=False)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens these messages have as a prompt for an answer.

        Exact, but for what is far beyond the context.
        """
        if not messages:
            return 0
        pieces = self._template.pieces(messages)
        if fewest_tokens(pieces) > self.context:
            return estimated_tokens("".join(piece.text for piece in pieces))
        answers = frozenset(i for i, message in enumerate(messages) if message.role == "assistant")
        said = self._loaded.held.answers
        return len(encode(pieces, self._model, said, answers, limit=self.context).ids)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Ids of a prompt by the model's template; answers in it are tokenised anew."""
        return encode(self._template.pieces(messages), self._model).ids

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Log-probabilities of `ids[start:]`."""
        self._loaded.apply(self._default_adapters)
        return score(self._loaded, ids, start, self.context)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """The mean of the last layer over each text, cut to what the context holds."""
        return mean_vectors(self._loaded, texts, self.context)

    def idle(self) -> None:
        """Save what the conversation has evaluated."""
        self._loaded.held.save()

    def close(self) -> None:
        """Save, then free the model."""
        self._loaded.held.save()
        self._loaded.close()


def _unusable(detail: str) -> G4tuiError:
    return G4tuiError("usage", "This request cannot be answered", detail, "Change the request.")
