"""One prompt to several models, the person's vote, and what an answer should have been."""

from collections.abc import Sequence

from g4tui.core import G4tuiError, Message
from g4tui.store import growing, messages, turns, voting
from g4tui.store.rows import Asked, MessageRow, TurnRow, Verdict, VoteRow
from g4tui.store.veil import Veil
from g4tui.store.writing import Writer


class Comparing(Writer):
    """The part of `Store` that keeps comparisons."""

    def begin_compared(
        self,
        session: str,
        message: Message | None,
        asked: Sequence[Asked],
        *,
        blind: bool = False,
        order: Sequence[int] | None = None,
    ) -> tuple[TurnRow, list[tuple[MessageRow, MessageRow]]]:
        """Save a prompt and an empty, streaming answer of each model.

        `order`: which of `asked` stand on the screen, from left to right (`None`: as they are).
        Sides with the same parent share the question; without `message` each answers its parent.
        Returns the turn and, in the order of `asked`, question and answer; the head moves to the
        answer on the left. Everything is on the disk when this returns.
        """
        owner = self._owner()
        with self._database.write() as connection:
            turn, sides = turns.begin(
                connection,
                session,
                message,
                asked,
                blind=blind,
                order=order,
                owner=owner,
                now=self._clock(),
            )
            rows = [
                (messages.one(connection, question), messages.one(connection, answer))
                for question, answer in sides
            ]
            return turns.one(connection, turn), rows

    def turn(self, turn: str) -> TurnRow:
        """One comparison by its id."""
        with self._database.read() as connection:
            return turns.one(connection, turn)

    def turn_of(self, answer: str) -> TurnRow | None:
        """The comparison that an answer stands in; `None` for one that was asked alone."""
        with self._database.read() as connection:
            return turns.of_answer(connection, answer)

    def turn_at(self, session: str) -> TurnRow | None:
        """The comparison that a session stands at: its head is an answer, or corrects one."""
        with self._database.read() as connection:
            return turns.at_head(connection, session)

    def standing(self, turn: str) -> list[MessageRow]:
        """What stands for each answer, as asked: its newest correction, else the answer itself."""
        with self._database.read() as connection:
            ids = turns.standing(connection, turns.one(connection, turn))
            return messages.by_ids(connection, ids)

    def veil(self, session: str) -> Veil:
        """What hides the makers of answers in blind turns until the names are seen."""
        with self._database.read() as connection:
            return Veil.over_turns(turns.hidden(connection, session))

    def turns(self, session: str | None = None, since: float | None = None) -> list[TurnRow]:
        """As they were asked; without `session` those of all that are not in the bin."""
        with self._database.read() as connection:
            return turns.many(connection, session, since)

    def compared_models(self) -> dict[str, tuple[str, ...]]:
        """By session, the models of its newest comparison, as they were asked."""
        with self._database.read() as connection:
            return turns.models(connection)

    def last_turn(self, session: str) -> TurnRow | None:
        """The newest comparison of a session."""
        with self._database.read() as connection:
            return turns.last(connection, session)

    def replace_answer(self, turn: str, old: str, new: str) -> TurnRow:
        """One side was asked again: `new` takes the place of `old`. A vote keeps its answers."""
        with self._database.write() as connection:
            turns.replace(connection, turn, old, new)
            return turns.one(connection, turn)

    def choose(self, turn: str, answer: str | None) -> TurnRow:
        """Have all models go on from `answer`, or a correction of one: it becomes the head.

        `None`: each goes on from its own answer again, and the head is the one on the left.
        """
        with self._database.write() as connection:
            turns.choose(connection, turn, answer)
            return turns.one(connection, turn)

    def reveal(self, turn: str) -> TurnRow:
        """The names of a blind turn were shown; from now on no vote on it is blind."""
        with self._database.write() as connection:
            turns.reveal(connection, turn, self._clock())
            return turns.one(connection, turn)

    def vote(
        self,
        turn: str,
        verdict: Verdict,
        *,
        answers: Sequence[str] | None = None,
        reason: str | None = None,
        names_itself: bool = False,
    ) -> VoteRow:
        """What a person thinks of two answers; on the disk when this returns, and changeable.

        `answers`: the two in view, left and right (`None`: the first two shown). `names_itself`:
        one of them tells who wrote it. Once all pairs have a vote it also reveals a blind turn;
        giving the same verdict again (with a `reason`, say) leaves a blind vote blind, another
        verdict after that does not.
        """
        with self._database.write() as connection:
            voting.vote(
                connection,
                turn,
                verdict,
                answers=answers,
                reason=reason,
                names_itself=names_itself,
                now=self._clock(),
            )
            row = turns.one(connection, turn)
            vote = voting.vote_on(row, voting.pair_of(row, answers))
            assert vote is not None
            return vote

    def unvote(self, turn: str, answers: Sequence[str] | None = None) -> TurnRow:
        """Take the vote on two answers back (`None`: the first two shown)."""
        with self._database.write() as connection:
            voting.unvote(connection, turn, answers)
            return turns.one(connection, turn)

    def votes(self, session: str | None = None, since: float | None = None) -> list[VoteRow]:
        """As they were given; without `session` those of all that are not in the bin."""
        with self._database.read() as connection:
            return turns.votes(connection, session, since)

    def correct(self, answer: str, text: str) -> MessageRow:
        """What `answer` should have been: a sibling of it, written by the person, the new head.

        In a comparison all models go on from it.
        """
        with self._database.write() as connection:
            row = messages.one(connection, answer)
            if row.message.role != "assistant" or row.state == "streaming":
                raise G4tuiError(
                    "usage",
                    "This message cannot be corrected",
                    "It is still being written."
                    if row.state == "streaming"
                    else "Only an answer can be corrected.",
                    "Choose an answer that has ended.",
                )
            corrected = growing.insert(
                connection,
                row.session,
                row.parent,
                Message("assistant", text),
                state="complete",
                corrects=answer,
                now=self._clock(),
            )
            turn = turns.of_answer(connection, answer)
            if turn is not None:
                turns.choose(connection, turn.id, corrected)
            return messages.one(connection, corrected)

    def corrections(self) -> list[MessageRow]:
        """Every correction in all sessions that are not in the bin, as they were made."""
        with self._database.read() as connection:
            return messages.corrections(connection)
