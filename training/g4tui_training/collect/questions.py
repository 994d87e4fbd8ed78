"""What is still to be asked, in the order of prompts.jsonl."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from g4tui.core import ModelSpec, Request
from g4tui_training.collect.records import key_of
from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, Turn, messages_of, read_rows
from g4tui_training.recipe import Collect


class Question(msgspec.Struct, frozen=True):
    """One request, and the row that it is for (the first, where several ask the same)."""

    id: str
    key: str
    request: Request

    @property
    def texts(self) -> list[str]:
        """The words of each message."""
        return [message.text for message in self.request.messages]


class Asker:
    """Makes a question of a prompt: with the recipe's system prompt and parameters."""

    def __init__(self, spec: ModelSpec, collect: Collect) -> None:
        self.spec = spec
        self.collect = collect

    def turns(self, prompt: Prompt) -> tuple[Turn, ...]:
        """What is sent."""
        turns = prompt.turns
        if self.collect.system and not any(turn.role == "system" for turn in turns):
            return (Turn("system", self.collect.system), *turns)
        return turns

    def key(self, prompt: Prompt) -> str:
        """The question's name."""
        return key_of(self.spec, self.collect.params, self.turns(prompt))

    def question(self, prompt: Prompt) -> Question:
        """The whole."""
        messages = messages_of(self.turns(prompt))
        return Question(prompt.id, self.key(prompt), Request(messages, self.collect.params))

    def questions(self, prompts: Path) -> Iterator[Question]:
        """Every prompt without a published answer; what cannot be read is passed over."""
        for row in read_rows(prompts, Prompt):
            if not isinstance(row, Broken) and row.as_pair() is None:
                yield self.question(row)
