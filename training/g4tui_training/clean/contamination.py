"""Rule `contamination`: rows that hold a task of the evaluation, or its answer.

Texts are compared by their words, so case, spacing and punctuation hide nothing, and a task inside
a longer prompt is found. A prompt shares a task if it has 8 words of it in a row, or all of a
shorter one; an answer, 13 words.
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.clean.texts import words
from g4tui_training.lines import Broken
from g4tui_training.sources.reading import read_drafts

_MIN_WORDS = 3


class Needles:
    """Runs of words to look for, each with the task that it is of. Built once, then only asked."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vocabulary: dict[str, int] = {}
        self._runs: dict[tuple[int, ...], str] = {}
        self._short: dict[tuple[int, ...], str] = {}
        self._short_sizes: tuple[int, ...] = ()
        self._exact: dict[tuple[str, ...], str] = {}
        self._couples: set[tuple[int, int]] = set()
        self._least = b"\1" * (size - 1)

    def add(self, task: str, text: str, *, whole_if_shorter: bool) -> None:
        """Look for every run of `size` words of `text`; for all of it where it is shorter.

        A text of one or two words is only found where nothing else is said.
        """
        said = words(text)
        if len(said) < _MIN_WORDS:
            if said and whole_if_shorter:
                self._exact.setdefault(tuple(said), task)
            return
        ids = [self._vocabulary.setdefault(word, len(self._vocabulary) + 1) for word in said]
        if len(ids) < self._size:
            if whole_if_shorter:
                self._short.setdefault(tuple(ids), task)
                self._short_sizes = tuple(sorted({len(run) for run in self._short}))
                self._least = self._least[: len(ids) - 1]
                self._couples.update(pairwise(ids))
            return
        self._couples.update(pairwise(ids))
        for start in range(len(ids) - self._size + 1):
            self._runs.setdefault(tuple(ids[start : start + self._size]), task)

    def find(self, text: str) -> tuple[str, str] | None:
        """The task that `text` holds, and the words; the first one, from the left."""
        said = words(text)
        if len(said) < _MIN_WORDS:
            task = self._exact.get(tuple(said))
            return (task, " ".join(said)) if task else None
        known = self._vocabulary.get
        ids = [known(word, 0) for word in said]
        # Nearly all texts end here: no run of two words after another that some task has.
        couples = self._couples
        linked = bytes([couple in couples for couple in pairwise(ids)])
        at = linked.find(self._least)
        while at >= 0:
            if found := self._at(ids, at):
                task, size = found
                return task, " ".join(said[at : at + size])
            at = linked.find(self._least, at + 1)
        return None

    def _at(self, ids: list[int], at: int) -> tuple[str, int] | None:
        """The task whose words begin here, and how many they are."""
        if task := self._runs.get(tuple(ids[at : at + self._size])):
            return task, self._size
        for size in self._short_sizes:
            if task := self._short.get(tuple(ids[at : at + size])):
                return task, size
        return None


class Tasks:
    """The evaluation tasks of some files."""

    def __init__(self, files: Iterable[Path], prompt_words: int, answer_words: int) -> None:
        self._prompts = Needles(prompt_words)
        self._answers = Needles(answer_words)
        self.count = 0
        for file in files:
            before = self.count
            for number, draft in enumerate(read_drafts(file)):
                if isinstance(draft, Broken):
                    continue
                self.count += 1
                task = draft.id or f"{file.stem} {number + 1}"
                prompt = "\n\n".join(turn.content for turn in draft.turns)
                self._prompts.add(task, prompt, whole_if_shorter=True)
                if draft.response:
                    self._answers.add(task, draft.response, whole_if_shorter=False)
            if self.count == before:
                raise G4tuiError(
                    "config",
                    f"{file.name} holds no evaluation task",
                    f"{file} has no row that could be read.",
                    "Correct clean.contamination.tasks, or --eval-tasks.",
                )

    def evidence(self, prompt: str, response: str) -> str:
        """Which task a row holds; empty for none."""
        if found := self._prompts.find(prompt):
            return f"prompt shares with {found[0]}: {found[1]}"
        if found := self._answers.find(response):
            return f"answer shares with {found[0]}: {found[1]}"
        return ""
