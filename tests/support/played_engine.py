"""An engine whose answers a test plays."""

from collections.abc import Iterator, Sequence

from g4tui.core import (
    Cancel,
    Engine,
    Event,
    Finished,
    Message,
    Request,
    TextDelta,
)


class Played(Engine):
    """Says one word; notes what else it is asked."""

    context = 64

    def __init__(self) -> None:
        self.noted: list[str] = []

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        self.noted.append("generate")
        yield TextDelta("word")
        yield Finished("stop")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def tokenize(self, text: str) -> list[int]:
        return [len(text)]

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return [7]

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        return [-0.5, float("nan"), float("inf"), float("-inf")]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(text)] for text in texts]

    def idle(self) -> None:
        self.noted.append("idle")
        raise OSError("no disk")

    def close(self) -> None:
        self.noted.append("close")
