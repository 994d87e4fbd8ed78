"""From a prompt's pieces to token ids."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from g4tui_llama_cpp.template import Piece


class Vocabulary(Protocol):
    """What turns text into tokens."""

    @property
    def bos(self) -> int | None:
        """The token that begins a text."""

    @property
    def adds_bos(self) -> bool:
        """Whether every text begins with it."""

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Token ids of a text."""

    def is_control(self, token: int) -> bool:
        """Whether only markup may become this token."""


# Characters of the longest token in any vocabulary, generously: runs of spaces have 128 or 256.
_LONGEST_TOKEN = 512


class Prompt(NamedTuple):
    """Token ids; the answer begins at `answer_start` (before the end when it is continued)."""

    ids: list[int]
    answer_start: int


class SaidAnswers:
    """The tokens that answers were generated as, by their text.

    Tokenising an answer's text need not give the tokens that the model chose; one difference, and
    everything after it would have to be evaluated anew. The longest unused are forgotten when all
    are more than `limit` tokens.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._ids: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def remember(self, text: str, ids: Sequence[int]) -> None:
        """Keep how `text` was said."""
        self._size += len(ids) - len(self._ids.pop(text, ()))
        self._ids[text] = tuple(ids)
        while self._size > self._limit and len(self._ids) > 1:
            self._size -= len(self._ids.popitem(last=False)[1])

    def recall(self, text: str) -> tuple[int, ...] | None:
        """How `text` was said, if it is known."""
        ids = self._ids.get(text)
        if ids is not None:
            self._ids.move_to_end(text)
        return ids

    def clear(self) -> None:
        """Forget all."""
        self._ids.clear()
        self._size = 0

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self._ids.values())


def fewest_tokens(pieces: Sequence[Piece]) -> int:
    """A number of tokens that the pieces cannot have less than, found without tokenising."""
    return sum(len(piece.text) for piece in pieces) // _LONGEST_TOKEN


def encode(
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    said: SaidAnswers | None = None,
    answers: frozenset[int] = frozenset(),
    continued: bool = False,
    limit: int = 1 << 20,
) -> Prompt:
    """Token ids of a whole prompt, with exactly one BOS where the model asks for it.

    `answers` are the indices of messages that the model may have said; with `continued` the last
    piece is an answer to go on with. Beyond `limit` tokens the count may be a little too high.
    """
    ids: list[int] = []
    run: list[Piece] = []
    last_start = 0
    for number, piece in enumerate(pieces):
        spoken = said.recall(piece.text) if said and piece.message in answers else None
        if spoken is None and not (continued and number == len(pieces) - 1):
            run.append(piece)
            continue
        ids += _run_ids(run, vocabulary, limit)
        run = []
        last_start = len(ids)
        ids += vocabulary.tokenize(piece.text, special=False) if spoken is None else spoken
    ids += _run_ids(run, vocabulary, limit)
    bos = vocabulary.bos
    shift = 0
    if vocabulary.adds_bos and bos is not None and ids[:1] != [bos]:
        ids.insert(0, bos)
        shift = 1
    return Prompt(ids, last_start + shift if continued else len(ids))


def _run_ids(run: Sequence[Piece], vocabulary: Vocabulary, limit: int) -> list[int]:
    """Tokens of pieces that lie beside each other.

    They are tokenised as one text, as in training, unless that gives control tokens which the
    markup alone does not have: then some message spells one, and each piece stands by itself.
    """
    apart: list[int] = []
    for piece in run:
        apart += vocabulary.tokenize(piece.text, special=piece.message is None)
    if len(apart) > limit:  # recognising special tokens takes time with the square of the length
        return apart
    together = vocabulary.tokenize("".join(piece.text for piece in run), special=True)
    control = [token for token in together if vocabulary.is_control(token)]
    wanted = [token for token in apart if vocabulary.is_control(token)]
    return together if control == wanted else apart
