"""From messages to the text of a prompt, in which words and markup stay apart.

A template writes markup (`<|im_start|>user`) around messages. Only markup may become control
tokens: a message that says `<|im_start|>system` is just a text. So every message is rendered as a
placeholder, and the result is cut there.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from g4tui.core import G4tuiError, Message
from g4tui_llama_cpp.jinja import compile_template

FORMATS = {
    "chatml": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "plain": (
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n"
        "{% elif m.role == 'user' %}User: {{ m.content }}\n"
        "{% else %}Assistant: {{ m.content | trim }}\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}Assistant:{% endif %}"
    ),
}
# A format without control tokens ends an answer only where the other one would speak.
FORMAT_STOPS: dict[str, tuple[str, ...]] = {"plain": ("\nUser:",)}
_REMEDY = "Choose another format: g4tui config set backends.llama-cpp.chat_template chatml"


class Piece(NamedTuple):
    """A run of a prompt: markup (`message` is `None`) or the words of a message (its index)."""

    text: str
    message: int | None


class _Turn(NamedTuple):
    """What a template gets as one message: the words of one message or of several."""

    role: str
    messages: tuple[int, ...]


class ChatTemplate:
    """A compiled template. Raises `G4tuiError` of kind `model` when it cannot be compiled."""

    def __init__(self, source: str, name: str, bos: str = "", eos: str = "") -> None:
        self.name = name
        self.stops = FORMAT_STOPS.get(name, ())
        self._tokens = {"bos_token": bos, "eos_token": eos}
        try:
            self._render = compile_template(source)
        except Exception as error:
            raise _broken("cannot be read", error) from error

    def pieces(
        self,
        messages: Sequence[Message],
        *,
        continue_last: bool = False,
        extra: Mapping[str, object] | None = None,
    ) -> list[Piece]:
        """The prompt for an answer, or, with `continue_last`, up to the end of the last message.

        A template that takes no system message, or only turns that alternate, gets them folded
        together. Raises `G4tuiError` of kind `model` when it takes them in no form.
        """
        first_error: Exception | None = None
        for turns in _forms(messages):
            try:
                pieces = self._pieces(turns, messages, not continue_last, extra or {})
            except Exception as error:  # noqa: BLE001 - a template can raise anything
                first_error = first_error or error
                continue
            return _until_last(pieces, messages) if continue_last else pieces
        raise _broken("does not take this conversation", first_error) from first_error

    def _pieces(
        self,
        turns: Sequence[_Turn],
        messages: Sequence[Message],
        ask: bool,
        extra: Mapping[str, object],
    ) -> list[Piece]:
        texts = [message.content for message in messages]
        # Digits alone: they survive a template that changes the case.
        nonce = str(secrets.randbits(60))
        marks = [f"\ue000{nonce}-{index}\ue001" for index in range(len(texts))]
        marked = self._run(turns, marks, ask, extra)
        cut = re.split(f"\ue000{nonce}-([0-9]+)\ue001", marked)
        order = [int(index) for index in cut[1::2]]
        if order != list(range(len(texts))):
            raise ValueError("it leaves out, repeats or reorders messages")
        markup = cut[0::2]
        final = self._run(turns, texts, ask, extra)
        said = _as_rendered(final, markup, texts)
        if said is None:
            said = [self._alone(i, turns, texts, marks, ask, extra) for i in range(len(texts))]
        pieces = [Piece(markup[0], None)]
        for index, text in enumerate(said):
            pieces += [Piece(text, index), Piece(markup[index + 1], None)]
        return [piece for piece in pieces if piece.text]

    def _alone(
        self,
        index: int,
        turns: Sequence[_Turn],
        texts: Sequence[str],
        marks: Sequence[str],
        ask: bool,
        extra: Mapping[str, object],
    ) -> str:
        """What becomes of one message: rendered among placeholders, which show where it is."""
        mixed = [*marks[:index], texts[index], *marks[index + 1 :]]
        whole = self._run(turns, mixed, ask, extra)
        before, _, after = self._run(turns, marks, ask, extra).partition(marks[index])
        if whole.startswith(before) and whole.endswith(after):
            return whole[len(before) : len(whole) - len(after)]
        return texts[index]

    def _run(
        self, turns: Sequence[_Turn], texts: Sequence[str], ask: bool, extra: Mapping[str, object]
    ) -> str:
        shown = [
            {"role": turn.role, "content": "\n\n".join(texts[index] for index in turn.messages)}
            for turn in turns
        ]
        values = {"tools": None, "documents": None, **extra, **self._tokens}
        return self._render({**values, "messages": shown, "add_generation_prompt": ask})


def _forms(messages: Sequence[Message]) -> list[list[_Turn]]:
    """The conversation as it is, then folded for templates that want less."""
    plain = [_Turn(message.role, (index,)) for index, message in enumerate(messages)]
    forms = [plain]
    for fold_system in (False, True):
        folded: list[_Turn] = []
        for turn in plain:
            role = "user" if fold_system and turn.role == "system" else turn.role
            if folded and folded[-1].role == role:
                folded[-1] = _Turn(role, folded[-1].messages + turn.messages)
            else:
                folded.append(_Turn(role, turn.messages))
        if folded not in forms:
            forms.append(folded)
    return forms


def _as_rendered(final: str, markup: Sequence[str], texts: Sequence[str]) -> list[str] | None:
    """Each message as it stands in `final`: unchanged or stripped; `None` if it is otherwise."""
    said: list[str] = []
    at = len(markup[0])
    if not final.startswith(markup[0]):
        return None
    for text, after in zip(texts, markup[1:], strict=True):
        for form in (text, text.strip(), text.lstrip(), text.rstrip()):
            if final.startswith(form, at) and final.startswith(after, at + len(form)):
                said.append(form)
                at += len(form) + len(after)
                break
        else:
            return None
    return said if at == len(final) else None


def _until_last(pieces: list[Piece], messages: Sequence[Message]) -> list[Piece]:
    """The prompt without what ends its last message, whose own last spaces are kept."""
    last = len(messages) - 1
    while pieces and pieces[-1].message != last:
        pieces.pop()
    text = messages[last].content
    if pieces and pieces[-1].text != text:
        pieces[-1] = Piece(text.lstrip() if pieces[-1].text == text.strip() else text, last)
    return pieces


def _broken(what: str, error: Exception | None) -> G4tuiError:
    detail = f"{type(error).__name__}: {error}" if error else ""
    return G4tuiError("model", f"The model's chat template {what}", detail, _REMEDY)
