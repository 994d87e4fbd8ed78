"""What `[backends.ctransformers]` may say."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]
FamilyName = Literal[
    "gpt2", "gptj", "gptneox", "dolly-v2", "mpt", "replit", "starcoder", "falcon", "llama"
]


class ModelOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model's table, `[backends.ctransformers.models.NAME]`.

    `type`: the family, where the file does not tell or tells wrongly. `context`: tokens to load
    with. `format`: a prompt format by name (see `prompts`); `system`, `user`, `assistant` and
    `answer` replace its parts, with `{text}` where the words go, and `stop` its stop strings.
    """

    type: FamilyName | None = None
    context: Positive | None = None
    format: str | None = None
    system: str | None = None
    user: str | None = None
    assistant: str | None = None
    answer: str | None = None
    stop: tuple[str, ...] | None = None


class CtransformersOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the ctransformers backend.

    `threads`: one fewer than the host gives, by default. `context`: tokens to load with where
    neither the model's name nor its table says; families that fix it in their files keep theirs.
    `batch_size`: the most tokens evaluated between two looks at the stop key. `lib`: `avx2`, `avx`,
    `basic` or the path of a library; chosen by the processor when empty. `models`: tables by name.
    """

    threads: Positive | None = None
    context: Positive = 2048
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    lib: str = ""
    models: dict[str, ModelOptions] = {}

    def of(self, model: str) -> ModelOptions:
        """The table of a model, by its name, its path or its file's name without suffix."""
        return self.models.get(model) or self.models.get(Path(model).stem) or ModelOptions()
