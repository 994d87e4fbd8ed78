"""Votes and corrections as rows to train on: answers worth learning, and which of two was better.

The shapes are those that the distillery reads: one JSON object a line.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import PurePath

import msgspec
from msgspec import UNSET, UnsetType

from g4tui.core import Role
from g4tui.engine.history import answered
from g4tui.store import MessageRow, Store, TurnRow, VoteRow
from g4tui.store.veil import is_hidden
from g4tui.votes.caveats import is_whole

HUMAN = "human"
UNKNOWN = "unknown"


class Turn(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: Role
    content: str


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to learn. It has `prompt` (one user message), or `messages` (all before it).

    `licence` is an SPDX expression or `unknown`; `terms` is `openai` where a text in it came from
    OpenAI's own servers. `created` is in seconds since 1970.
    """

    id: str
    source: str
    licence: str
    teacher: str
    prompt: str | UnsetType = UNSET
    messages: tuple[Turn, ...] | UnsetType = UNSET
    response: str
    finish_reason: str
    terms: str
    created: float


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """Two answers to one conversation, and which was better."""

    id: str
    source: str
    licence: str
    messages: tuple[Turn, ...]
    chosen: str
    chosen_model: str
    rejected: str
    rejected_model: str


class Harvest:
    """What a library holds for training. Private sessions, and those in the bin, give nothing.

    `terms_of` tells whose terms reach the text of a model (by its id): `openai` or nothing.
    `licence` is that of the person's own words. `left_out` counts what gave no row, by its reason.
    """

    def __init__(
        self, store: Store, terms_of: Callable[[str], str], licence: str = UNKNOWN
    ) -> None:
        self._store = store
        self._terms_of = terms_of
        self._licence = licence
        self._systems = {
            row.id: row.system for row in store.sessions(shelf="all") if not row.private
        }
        self.left_out: Counter[str] = Counter()

    def pairs(self) -> list[Pair]:
        """One row for each prompt: the newest correction of an answer to it, else the newest
        answer of a teacher that won. Corrections come first.

        The teacher of a comparison is the model that was asked first.
        """
        self.left_out.clear()
        rows: dict[tuple[Turn, ...], Pair] = {}
        for source, answer, author in (*self._corrections(), *self._wins()):
            pair = self._pair(source, answer, author)
            if pair is None:
                continue
            turns = _turns_of(pair)
            if turns in rows:
                self.left_out["another answer to the same prompt"] += 1
            rows.setdefault(turns, pair)
        made = list(rows.values())
        # Newest first is how doubles were found; a file reads better the other way round.
        return sorted(made, key=lambda pair: (pair.source != "corrections", pair.created, pair.id))

    def preferences(self) -> list[Preference]:
        """A row for each two answers of which one was better; a correction is better than what it
        corrects. Ties and pairs that were both bad tell nothing. The newest opinion counts.

        A row has no mark of how its answers ended: one that was cut at the token limit is no good
        example of what to choose.
        """
        self.left_out.clear()
        rows: dict[tuple[tuple[Turn, ...], frozenset[str]], Preference] = {}
        for source, identity, chosen, rejected in (*self._better(), *self._decided()):
            row = self._preference(source, identity, chosen, rejected)
            if row is None:
                continue
            key = (row.messages, frozenset((row.chosen, row.rejected)))
            if key in rows:
                self.left_out["another vote on the same answers"] += 1
            rows.setdefault(key, row)
        return list(reversed(rows.values()))

    def _corrections(self) -> Iterable[tuple[str, MessageRow, str]]:
        for row in self._open_corrections():
            yield "corrections", row, self._model_of(row.corrects)

    def _wins(self) -> Iterable[tuple[str, MessageRow, str]]:
        turns = {turn.id: turn for turn in self._store.turns()}
        for vote, left, right in self._votes():
            turn = turns.get(vote.turn)
            if turn is None or vote.verdict not in ("left", "right"):
                self.left_out["a vote that no answer won"] += 1
                continue
            won = left if vote.verdict == "left" else right
            if vote.blind and "stopped" in (left.state, right.state):
                self.left_out["a blind vote on answers that were stopped"] += 1
                continue
            if self._is_teachers(won, vote, turn):
                yield "votes", won, won.model
            else:
                self.left_out["a vote that the teacher did not win"] += 1

    def _is_teachers(self, won: MessageRow, vote: VoteRow, turn: TurnRow) -> bool:
        """Whether it is of the side asked first: one model may stand on several sides.

        Of an answer that was replaced since, only its model and who of the two was asked first are
        known; where that does not tell its side, it is nobody's.
        """
        if won.id in turn.answers:
            return won.id == turn.answers[0]
        models = [self._model_of(answer) for answer in turn.answers]
        is_first = won.id == vote.answers[0] and won.model == models[0]
        return is_first and (len(models) == 2 or models.count(won.model) == 1)

    def _better(self) -> Iterable[tuple[str, str, MessageRow, MessageRow]]:
        for row in self._open_corrections():
            for corrected in self._store.messages([row.corrects or ""]):
                yield "corrections", row.id, row, corrected

    def _decided(self) -> Iterable[tuple[str, str, MessageRow, MessageRow]]:
        for vote, left, right in self._votes():
            if vote.verdict == "left":
                yield "votes", vote.turn, left, right
            elif vote.verdict == "right":
                yield "votes", vote.turn, right, left
            else:
                self.left_out["a vote that no answer won"] += 1

    def _open_corrections(self) -> list[MessageRow]:
        """The newest first."""
        rows = self._store.corrections()
        public = [row for row in rows if row.session in self._systems]
        self._count("a correction in a private session", len(rows) - len(public))
        # A row names the model that was corrected, or whose terms reach it.
        veils = {session: self._store.veil(session) for session in {row.session for row in public}}
        corrected = self._store.messages([row.corrects or "" for row in public])
        hidden = {row.id for row in corrected if veils[row.session].hides(row)}
        kept = [row for row in public if row.corrects not in hidden]
        self._count("a correction in a blind comparison without a vote", len(public) - len(kept))
        return kept[::-1]

    def _votes(self) -> Iterable[tuple[VoteRow, MessageRow, MessageRow]]:
        """The newest first, with the answers as they stood on the screen."""
        hidden = {turn.id for turn in self._store.turns() if is_hidden(turn)}
        for vote in reversed(self._store.votes()):
            rows = self._store.messages(vote.shown)
            if len(rows) != 2:
                continue  # deleted in another window, just now
            if rows[0].session not in self._systems:
                self.left_out["a vote in a private session"] += 1
            elif vote.turn in hidden:
                self.left_out["a vote in a blind comparison whose names are hidden"] += 1
            else:
                yield vote, rows[0], rows[1]

    def _pair(self, source: str, answer: MessageRow, author: str) -> Pair | None:
        turns, before = self._conversation(answer)
        if turns is None or not self._is_whole(answer):
            return None
        lone = turns[0] if len(turns) == 1 and turns[0].role == "user" else None
        return Pair(
            id=f"{source}-{answer.id}",
            source=source,
            licence=self._licence,
            teacher=model_name(answer.model),
            prompt=lone.content if lone else UNSET,
            messages=UNSET if lone else turns,
            response=answer.message.text,
            finish_reason=answer.finish_reason or "stop",
            terms=next(filter(None, map(self._terms_of, (author, *before))), ""),
            created=answer.created,
        )

    def _preference(
        self, source: str, identity: str, chosen: MessageRow, rejected: MessageRow
    ) -> Preference | None:
        turns, _ = self._conversation(chosen)
        if turns is None or not self._is_whole(chosen) or not self._is_whole(rejected):
            return None
        if chosen.finish_reason == "length":
            self.left_out["a chosen answer that was cut at the token limit"] += 1
            return None
        if self._conversation(rejected)[0] != turns:
            self.left_out["answers to two different conversations"] += 1
            return None
        if chosen.message.text.strip() == rejected.message.text.strip():
            self.left_out["two answers that are the same"] += 1
            return None
        return Preference(
            id=f"{source}-{identity}",
            source=source,
            licence=self._licence,
            messages=turns,
            chosen=chosen.message.text,
            chosen_model=model_name(chosen.model),
            rejected=rejected.message.text,
            rejected_model=model_name(rejected.model),
        )

    def _conversation(self, answer: MessageRow) -> tuple[tuple[Turn, ...] | None, list[str]]:
        """What the model was given, from where its memory began, and the models that are in it."""
        if answer.parent is None:
            self.left_out["an answer to nothing"] += 1
            return None, []
        line = self._store.path(answer.session, answer.parent)
        first = answer.memory_start
        for corrected in self._store.messages([answer.corrects or ""]):
            first = corrected.memory_start
        places = {row.id: place for place, row in enumerate(line)}
        rows = answered(line[places.get(first or "", 0) :])
        system = self._systems[answer.session]
        turns = [Turn("system", system)] if system.strip() else []
        turns += [Turn(row.message.role, row.message.content) for row in rows]
        if not turns or turns[-1].role != "user" or not all(_is_text(t.content) for t in turns):
            self.left_out["no question before the answer, or a damaged one"] += 1
            return None, []
        return tuple(turns), [row.model for row in rows if row.model]

    def _is_whole(self, answer: MessageRow) -> bool:
        if is_whole(answer) and _is_text(answer.message.text):
            return True
        self.left_out["an answer that is empty or did not come to its end"] += 1
        return False

    def _model_of(self, answer: str | None) -> str:
        return next((row.model for row in self._store.messages([answer or ""])), "")

    def _count(self, reason: str, number: int) -> None:
        if number:
            self.left_out[reason] += number


def model_name(model: str) -> str:
    """A model's id as rows name it: without backend and without the folders of this machine.

    A text that no model wrote is by a `human`.
    """
    name = model.partition(":")[2] or model
    parts = [
        PurePath(part).name if PurePath(part).is_absolute() else part for part in name.split("+")
    ]
    return "+".join(parts) or HUMAN


def _turns_of(pair: Pair) -> tuple[Turn, ...]:
    if pair.messages is not UNSET:
        return tuple(Turn(turn.role, turn.content.strip()) for turn in pair.messages)
    return (Turn("user", str(pair.prompt).strip()),)


def _is_text(text: str) -> bool:
    """Not what a broken stream leaves: half a character, or a NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
