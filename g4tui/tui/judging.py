"""What a person makes of compared answers: a vote, a correction, one to go on from.

Each coroutine runs in a worker of the screen; failures are `G4tuiError`s.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

from g4tui.engine.self_naming import names_itself
from g4tui.store.veil import is_hidden
from g4tui.tui.compared import Compared
from g4tui.tui.flow import Flow
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.compare_pane import ComparePane

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.engine.late import LateSaves
    from g4tui.store import MessageRow, Store, TurnRow
    from g4tui.store.rows import Verdict, VoteRow


class Given(NamedTuple):
    """A vote on two answers. `row`: as it was saved, `None` as long as it is not."""

    answers: frozenset[str]
    verdict: "Verdict"
    row: "VoteRow | None"


class CompareFace(Protocol):
    """What the doings need of their screen."""

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A passing remark."""

    def sides_changed(self) -> None:
        """Other models, or another number of them."""

    def turn_changed(self) -> None:
        """The turn on screen, or what it has become."""

    def turn_over(self, compared: Compared, error: "ErrorInfo | None") -> None:
        """Nothing of an asking is being written any more."""


class Judging:
    """Votes on the turn in view, `compared`, and chooses what follows it. Places count from 0.

    A vote is on two answers; the names of a blind turn are shown when each two of it have one.
    """

    def __init__(
        self,
        flow: Flow,
        panes: Sequence[ComparePane],
        face: CompareFace,
        votes: "LateSaves[VoteRow]",
    ) -> None:
        self._flow = flow
        self._panes = panes
        self._face = face
        self._votes = votes
        self.compared: Compared | None = None
        self._given: dict[frozenset[str], Given] = {}

    @property
    def _store(self) -> "Store":
        return self._flow.services.store

    def _take_votes(self, row: "TurnRow | None") -> None:
        votes = [Given(frozenset(v.shown), v.verdict, v) for v in (row.votes if row else ())]
        self._given = {vote.answers: vote for vote in votes}

    def given(self, places: tuple[int, int]) -> Given | None:
        """The vote on two answers; else the newest one on what stood there before.

        Of more than two nothing tells in which place an answer stood that was replaced.
        """
        compared = self.compared
        if compared is None or compared.row is None or not set(places) <= compared.answers.keys():
            return None
        pair = frozenset(compared.answers[place].id for place in places)
        if pair in self._given:
            return self._given[pair]
        if len(compared.row.shown) > len(pair):
            return None
        return next(reversed(self._given.values()), None)

    @property
    def progress(self) -> tuple[int, int]:
        """How many pairs of the answers in view have a vote, of how many."""
        row = self.compared.row if self.compared is not None else None
        pairs = [frozenset(pair) for pair in combinations(row.shown if row else (), 2)]
        return sum(pair in self._given for pair in pairs), len(pairs)

    async def give_vote(
        self, verdict: "Verdict", places: tuple[int, int], reason: str | None = None
    ) -> None:
        """Keep a vote over two answers. Where the library is locked it is held until it is not."""
        compared = self.compared
        row = compared.row if compared is not None else None
        if compared is None or row is None:
            return
        if compared.writing:
            self._face.tell("Vote once the answers are there.")
            return
        pair = [compared.answers[place] for place in places]
        told = await in_thread(self._names_itself, pair) if compared.is_hidden else False
        store, ids = self._store, [answer.id for answer in pair]
        before = self._given.get(frozenset(ids))
        given = self._given[frozenset(ids)] = Given(frozenset(ids), verdict, None)
        self._face.turn_changed()
        saved = await self._votes.now_or_later(
            lambda: store.vote(row.id, verdict, answers=ids, reason=reason, names_itself=told)
        )
        if saved is None:
            self._face.tell("The library is busy: your vote is kept, and saved once it can be.")
        if self.compared is compared and self._given.get(given.answers) is given:
            self._given[given.answers] = given._replace(row=saved)
            voted, of = self.progress
            if voted == of:
                self._lift(compared)
            self._face.turn_changed()
            if told and saved is not None and not saved.blind:
                self._face.tell("An answer told who wrote it: this vote does not count as blind.")
            if saved is not None and (before is None or before.verdict != verdict):
                self._warn(saved, compared.row or row, pair)

    def _warn(self, vote: "VoteRow", turn: "TurnRow", pair: "Sequence[MessageRow]") -> None:
        """Say what a vote on an answer without an end is not good for."""
        from g4tui.votes.caveats import caveat

        if words := caveat(vote, turn, *pair):
            self._face.tell(words)

    def saved_late(self, vote: "VoteRow") -> None:
        """The library took a vote that it had first refused."""
        row = self.compared.row if self.compared is not None else None
        if row is not None and row.id == vote.turn:
            self._given[frozenset(vote.shown)] = Given(frozenset(vote.shown), vote.verdict, vote)

    def answer_saved(self, answer: "MessageRow") -> None:
        """The library took the end of an answer that it had first refused."""
        if self.compared is not None:
            self.compared.saved_late(answer)

    def _names_itself(self, answers: "Sequence[MessageRow]") -> bool:
        parent = answers[0].parent
        question = self._store.message(parent).message.text if parent is not None else ""
        return any(names_itself(each.message.text, each.model, question) for each in answers)

    def _lift(self, compared: Compared) -> None:
        """Show the names: as the library has it, or before it has."""
        from msgspec.structs import replace

        if compared.row is not None and compared.is_hidden:
            compared.show(replace(compared.row, revealed=compared.row.created))

    async def take_back(self, places: tuple[int, int]) -> None:
        """No vote on these two."""
        compared, given = self.compared, self.given(places)
        if compared is not None and compared.row is not None and given is not None:
            await self._votes.save()
            await in_thread(self._store.unvote, compared.row.id, sorted(given.answers))
            self._given.pop(given.answers, None)
            self._face.turn_changed()

    async def reveal(self) -> None:
        """Show the names before a vote."""
        compared = self.compared
        if compared is None or compared.row is None or not compared.is_hidden:
            return
        if compared.writing:
            self._face.tell("The names are shown once the answers are there.")
            return
        await in_thread(self._store.reveal, compared.row.id)
        self._lift(compared)
        self._face.turn_changed()
        voted, of = self.progress
        if voted < of:
            self._face.tell("A vote on this turn no longer counts as blind.")

    def unvoted(self) -> str | None:
        """The session of the next comparison to vote on, after the one in view; `None`: no other.

        Where names are hidden comes first: those votes are blind. Blocks.
        """
        newest = {turn.session: turn for turn in self._store.turns()}
        row = self.compared.row if self.compared is not None else None
        here = row.session if row is not None else ""
        open_ = [
            turn
            for turn in newest.values()
            if turn.session != here
            and (is_hidden(turn) or not turn.votes)
            and len(turn.shown) <= len(self._panes)
        ]
        after = row.id if row is not None else ""
        for turn in sorted(open_, key=lambda t: (not is_hidden(t), t.id < after, t.id)):
            at_head = self._store.turn_at(turn.session)
            if at_head is not None and at_head.id == turn.id:
                return turn.session
        return None

    async def correct(self, place: int, text: str) -> None:
        """Keep what an answer should have been; the conversation goes on from that."""
        compared, session = self.compared, self._flow.session
        if compared is None or session is None:
            return
        row = await in_thread(self._store.correct, compared.answers[place].id, text)
        await self._read_choice(compared)
        await self._panes[place].conversation.show_line(self._store, session, row.id)
        self._face.tell("Kept as a correction. The next question goes on from it.")
        self._face.turn_changed()

    async def go_on(self, place: int) -> None:
        """All go on from one answer; once more, and each goes on from its own."""
        compared, tip = self.compared, self._panes[place].conversation.tip
        if compared is None or compared.row is None or not tip:
            return
        chosen = None if self.is_chosen(place) else tip
        await in_thread(self._store.choose, compared.row.id, chosen)
        await self._read_choice(compared)
        self._face.tell(
            f"The next question goes on from {compared.short_name(place)}."
            if chosen is not None
            else "Each model goes on from its own answer."
        )
        self._face.turn_changed()

    def is_chosen(self, place: int) -> bool:
        """Whether all go on from what stands there."""
        row = self.compared.row if self.compared is not None else None
        chosen = row.chosen if row is not None else None
        return chosen is not None and chosen == self._panes[place].conversation.tip

    async def _read_choice(self, compared: Compared) -> None:
        """What the conversation goes on from, as the library has it."""
        from msgspec.structs import replace

        if compared.row is not None:
            saved = await in_thread(self._store.turn, compared.row.id)
            compared.row = replace(compared.row, chosen=saved.chosen)
        await self._flow.refresh()
