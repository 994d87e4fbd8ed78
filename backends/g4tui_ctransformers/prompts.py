"""How each family of models wants a conversation written; there are no templates in old files."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from g4tui.core import G4tuiError, Message
from g4tui_ctransformers.options import ModelOptions

_TEXT, _SYSTEM = "{text}", "{system}"


class Segment(NamedTuple):
    """A piece of a prompt: the format's own words, or somebody's."""

    text: str
    own: bool


class PromptFormat(msgspec.Struct, frozen=True):
    """Parts with `{text}` for the words. `user` may hold `{system}`: it goes into the first one.

    `answer` begins what the model writes. `stop` strings end it.
    """

    user: str
    assistant: str
    answer: str
    system: str = "{text}\n\n"
    stop: tuple[str, ...] = ()


_DOLLY = "Below is an instruction that describes a task. Write a response that appropriately "
_GPT4ALL = (
    "The prompt below is a question to answer, a task to complete, or a conversation to respond "
    "to; decide which and write an appropriate response."
)

FORMATS = {
    "plain": PromptFormat(
        "User: {text}\n", "Assistant: {text}\n", "Assistant:", stop=("\nUser:", "\nAssistant:")
    ),
    "none": PromptFormat("{text}", "{text}", ""),
    "gpt4all": PromptFormat(
        "### Prompt:\n{text}\n",
        "### Response:\n{text}\n",
        "### Response:\n",
        stop=("### Prompt:", "### Response:"),
    ),
    "alpaca": PromptFormat(
        "### Instruction:\n{text}\n\n",
        "### Response:\n{text}\n\n",
        "### Response:\n",
        stop=("### Instruction:", "### Response:"),
    ),
    "dolly": PromptFormat(
        "### Instruction:\n{text}\n\n",
        "### Response:\n{text}\n\n### End\n\n",
        "### Response:\n",
        stop=("### End", "### Instruction:"),
    ),
    "chatml": PromptFormat(
        "<|im_start|>user\n{text}<|im_end|>\n",
        "<|im_start|>assistant\n{text}<|im_end|>\n",
        "<|im_start|>assistant\n",
        "<|im_start|>system\n{text}<|im_end|>\n",
        ("<|im_end|>", "<|im_start|>"),
    ),
    "starchat": PromptFormat(
        "<|user|>\n{text}<|end|>\n",
        "<|assistant|>\n{text}<|end|>\n",
        "<|assistant|>\n",
        "<|system|>\n{text}<|end|>\n",
        ("<|end|>",),
    ),
    "vicuna": PromptFormat(
        "USER: {text}\n", "ASSISTANT: {text}\n", "ASSISTANT:", stop=("USER:", "</s>")
    ),
    "llama2": PromptFormat(
        "[INST] {system}{text} [/INST]",
        " {text} ",
        "",
        "<<SYS>>\n{text}\n<</SYS>>\n\n",
        ("[INST]", "</s>"),
    ),
}
# What these were trained to read when nobody says anything else.
_PREFACES = {
    "gpt4all": f"{_GPT4ALL}\n",
    "alpaca": f"{_DOLLY}completes the request.\n\n",
    "dolly": f"{_DOLLY}completes the request.\n\n",
}
_BY_FAMILY = {"gptj": "gpt4all", "dolly-v2": "dolly"}
# A model's name says more than its family; the first that is found counts.
_BY_NAME = (
    ("gpt4all", "gpt4all"),
    ("dolly", "dolly"),
    ("starchat", "starchat"),
    ("mpt-7b-chat", "chatml"),
    ("mpt-30b-chat", "chatml"),
    ("vicuna", "vicuna"),
    ("llama-2", "llama2"),
    ("alpaca", "alpaca"),
    ("wizard", "alpaca"),
    ("instruct", "alpaca"),
)


class Prompter:
    """Writes conversations for one model."""

    def __init__(self, name: str, family: str, options: ModelOptions) -> None:
        chosen = options.format or _guess(name, family)
        if chosen not in FORMATS:
            raise G4tuiError(
                "config",
                f"There is no prompt format {chosen}",
                f"[backends.ctransformers.models] {name}: format = {chosen!r}",
                f"Use one of: {', '.join(FORMATS)}",
            )
        base = FORMATS[chosen]
        self.name = chosen
        self.form = PromptFormat(
            user=base.user if options.user is None else options.user,
            assistant=base.assistant if options.assistant is None else options.assistant,
            answer=base.answer if options.answer is None else options.answer,
            system=base.system if options.system is None else options.system,
            stop=base.stop if options.stop is None else options.stop,
        )
        self._preface = _PREFACES.get(chosen, "") if options.system is None else ""

    def segments(self, messages: Sequence[Message], *, continued: bool = False) -> list[Segment]:
        """The prompt of `messages`, up to where the model writes; `continued`: in the last one."""
        form = self.form
        said = [message.text for message in messages if message.role == "system" and message.text]
        system = _filled(form.system, "\n\n".join(said)) if said else []
        inside = _SYSTEM in form.user
        segments: list[Segment] = []
        if said and not inside:
            segments += system
        elif self._preface and not said:
            segments.append(Segment(self._preface, True))
        for place, message in enumerate(messages):
            if message.role == "system":
                continue
            if continued and place == len(messages) - 1:
                return [*segments, Segment(form.answer, True), Segment(message.text, False)]
            if message.role == "assistant":
                segments += _filled(form.assistant, message.text)
                continue
            before, _, after = form.user.partition(_SYSTEM)
            if inside:
                segments += [Segment(before, True), *system, *_filled(after, message.text)]
                system = []
            else:
                segments += _filled(form.user, message.text)
        return [*segments, Segment(form.answer, True)]


def _guess(name: str, family: str) -> str:
    lowered = name.lower()
    found = next((form for part, form in _BY_NAME if part in lowered), None)
    return found or _BY_FAMILY.get(family, "plain")


def _filled(part: str, text: str) -> list[Segment]:
    before, _, after = part.partition(_TEXT)
    return [Segment(before, True), Segment(text, False), Segment(after, True)]
