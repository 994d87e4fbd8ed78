"""The one template of a training: the mask, the Jinja text, the chat's prompt and the GGUF's words.

A conversation becomes tokens in runs: what stands before an answer is one run, the answer the
next. So an answer begins in training where generation begins in the chat, whatever the tokenizer
would merge across that place. A message that spells a control token stays text.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from g4tui.core import G4tuiError, Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# A template that asks what day it is gets this one, in training and in evaluation.
_CLOCK = datetime(2025, 1, 1)


class Encoded(NamedTuple):
    """Token ids of a conversation; `trained[i]`: whether the model learns to say `ids[i]`."""

    ids: list[int]
    trained: list[bool]


class _Piece(NamedTuple):
    """Markup (`said` is `None`) or the words of a message with this role."""

    text: str
    said: str | None


class ChatTemplate:
    """A base's template, `source`, with its tokenizer.

    `end` is the token that ends an answer, `begin` what the tokenizer puts before every text, if it
    does. Raises `G4tuiError` of kind `model` where there is no template, or nothing ends an answer.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        own = tokenizer.chat_template
        self.source: str = own if isinstance(own, str) else ""
        if not self.source:
            raise G4tuiError(
                "model",
                "The base has no chat template",
                "Without one nobody knows how a question and its answer are told apart.",
                "Take a base that was tuned to chat, or give a Jinja file as train.template.",
            )
        self.tokenizer = tokenizer
        self._special = {
            number for number, token in tokenizer.added_tokens_decoder.items() if token.special
        } | set(tokenizer.all_special_ids)
        self.begin = self._found_begin()
        self.end = self._found_end()

    def text(self, messages: Sequence[Message], *, ask: bool) -> str:
        """What the template writes; with `ask`, up to where the answer begins."""
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    [{"role": each.role, "content": each.content} for each in messages],
                    chat_template=self.source,
                    tokenize=False,
                    add_generation_prompt=ask,
                    strftime_now=_CLOCK.strftime,
                )
            )
        except Exception as error:  # a template can raise anything
            raise _broken(f"{type(error).__name__}: {error}") from error

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Ids of a conversation up to where its next answer begins: the chat's prompt."""
        ids, _ = self._encode(self._pieces(messages, ask=True))
        return ids

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """Ids of a conversation that ends with an answer; every answer and its end are trained."""
        pieces = self._pieces(messages, ask=False)
        ids, trained = self._encode(pieces)
        last = max(index for index, piece in enumerate(pieces) if piece.said == "assistant")
        tail = "".join(piece.text for piece in pieces[last + 1 :])
        if not any(token in self._special for token in self._ids(tail, special=True)):
            ids, trained = [*ids, self.end], [*trained, True]
        # What follows the last end is said by nobody and read by nothing.
        while trained and not trained[-1]:
            ids, trained = ids[:-1], trained[:-1]
        return Encoded(ids, trained)

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text by itself, in which special tokens are not recognised."""
        return self._ids(text, special=False)

    def metadata(self) -> dict[str, str | int | bool]:
        """What a GGUF file says of this template and its tokens."""
        values: dict[str, str | int | bool] = {
            "tokenizer.chat_template": self.source,
            "tokenizer.ggml.eos_token_id": self.end,
            "tokenizer.ggml.add_bos_token": self.begin is not None,
        }
        if self.begin is not None:
            values["tokenizer.ggml.bos_token_id"] = self.begin
        return values

    def _encode(self, pieces: Sequence[_Piece]) -> Encoded:
        ids: list[int] = []
        trained: list[bool] = []
        run: list[_Piece] = []
        answered = False
        for piece in [*pieces, _Piece("", "assistant")]:
            if piece.said != "assistant":
                run.append(piece)
                continue
            markup = self._run_ids(run)
            ends = self._ending(run, markup) if answered else 0
            ids += markup
            trained += [True] * ends + [False] * (len(markup) - ends)
            answer = self.tokenize(piece.text)
            ids += answer
            trained += [True] * len(answer)
            run, answered = [], True
        if self.begin is not None and ids[:1] != [self.begin]:
            ids, trained = [self.begin, *ids], [False, *trained]
        return Encoded(ids, trained)

    def _ending(self, run: Sequence[_Piece], ids: Sequence[int]) -> int:
        """How many tokens of the markup behind an answer belong to its end; 0: none ends it."""
        after = self._ids(run[0].text, special=True) if run else []
        for index, token in enumerate(after):
            if token in self._special:
                return index + 1 if list(ids[: index + 1]) == after[: index + 1] else 0
        return 0

    def _run_ids(self, run: Sequence[_Piece]) -> list[int]:
        """Tokens of neighbouring pieces: as one text, unless a message spells a control token."""
        apart = [self._ids(piece.text, special=piece.said is None) for piece in run]
        together = self._ids("".join(piece.text for piece in run), special=True)
        wanted = [token for ids in apart for token in ids if token in self._special]
        if [token for token in together if token in self._special] == wanted:
            return together
        return [token for ids in apart for token in ids]

    def _pieces(self, messages: Sequence[Message], *, ask: bool) -> list[_Piece]:
        first: G4tuiError | None = None
        for form in (list(messages), _folded(messages)):
            try:
                return self._cut(form, ask)
            except G4tuiError as error:
                first = first or error
        assert first is not None
        raise first

    def _cut(self, messages: Sequence[Message], ask: bool) -> list[_Piece]:
        marks = [f"\ue000{index}\ue001" for index in range(len(messages))]
        marked = [Message(each.role, mark) for each, mark in zip(messages, marks, strict=True)]
        cut = re.split("\ue000([0-9]+)\ue001", self.text(marked, ask=ask))
        if cut[1::2] != [str(index) for index in range(len(messages))]:
            raise _broken("it leaves out, repeats or reorders messages")
        markup = cut[0::2]
        whole = self.text(messages, ask=ask)
        for form in (str, str.strip):
            said = [form(each.content) for each in messages]
            pieces = [_Piece(markup[0], None)]
            for message, text, after in zip(messages, said, markup[1:], strict=True):
                pieces += [_Piece(text, message.role), _Piece(after, None)]
            if "".join(piece.text for piece in pieces) == whole:
                return pieces
        raise _broken("it changes what messages say")

    def _ids(self, text: str, *, special: bool) -> list[int]:
        if not text:
            return []
        return list(
            self.tokenizer(
                text, add_special_tokens=False, split_special_tokens=not special, verbose=False
            ).input_ids
        )

    def _found_begin(self) -> int | None:
        bos: int | None = self.tokenizer.bos_token_id
        return bos if bos is not None and self.tokenizer("a").input_ids[:1] == [bos] else None

    def _found_end(self) -> int:
        pieces = self._pieces([Message("user", "a"), Message("assistant", "b")], ask=False)
        for token in self._ids(pieces[-1].text, special=True):
            if token in self._special:
                return token
        if self.tokenizer.eos_token_id is None:
            raise G4tuiError(
                "model",
                "Nothing ends an answer of this base",
                "Its template writes no token behind an answer, and it has no EOS token.",
                "A student of it would never stop: choose another base.",
            )
        return int(self.tokenizer.eos_token_id)


def _folded(messages: Sequence[Message]) -> list[Message]:
    """For templates without a system message: it goes before the first question."""
    folded: list[Message] = []
    for message in messages:
        role = "user" if message.role == "system" else message.role
        if folded and folded[-1].role == role:
            folded[-1] = Message(role, f"{folded[-1].content}\n\n{message.content}")
        else:
            folded.append(Message(role, message.content))
    return folded


def _broken(detail: str) -> G4tuiError:
    return G4tuiError(
        "model",
        "The base's chat template cannot be used",
        f"{detail}.",
        "Give another one, a Jinja file, as train.template.",
    )
