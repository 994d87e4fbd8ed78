"""One prompt asked of several models at once, each answer streaming by itself. Knows no screen.

    comparison = Comparison(chat, store)
    sides = [Side(parse_model("openai:gpt-4o-mini")), Side(parse_model("llama-cpp:my-student"))]
    cancels = [Cancel() for _ in sides]             # cancels[1].request() stops the second side
    async with aclosing(comparison.ask(session, "Why?", sides, cancels=cancels)) as events:
        async for event in events:
            match event:
                case CompareStarted(turn): ...      # saved: turn.answers (as asked), turn.shown
                case SideEvent(side, told): ...     # what `Chat` tells: TurnStarted(user, answer),
                                                    # Progress, deltas, TurnFinished(answer)
                case CompareFinished(answers): ...  # the last event

One side alone, again (its first answer stays as a sibling): `comparison.again(turn_id, answer_id,
side)`. Going on with a stopped or interrupted one: `chat.resume`. The next `ask` follows each
model's own line, unless the person chose one answer for all (`store.choose`); see `lines`.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from g4tui.core import Attachment, Cancel, Message
from g4tui.engine.chat import Chat
from g4tui.engine.sides import Side, better, parents, shuffled, varied
from g4tui.engine.turn_events import TurnEvent, TurnFinished
from g4tui.store import Asked, MessageRow, Store, TurnRow
from g4tui.store.veil import is_hidden


class CompareStarted(msgspec.Struct, frozen=True):
    """The questions and the empty answers of all sides are saved."""

    turn: TurnRow


class SideEvent(msgspec.Struct, frozen=True):
    """What one side tells; `side` counts from 0, as they were asked."""

    side: int
    told: TurnEvent


class CompareFinished(msgspec.Struct, frozen=True):
    """All sides have ended; their answers as they were saved, failed ones too. The last event."""

    answers: tuple[MessageRow, ...]


CompareEvent = CompareStarted | SideEvent | CompareFinished


class Comparison:
    """Asks several models the same. Iterate with `contextlib.aclosing`.

    A side that fails, hangs or is stopped holds up no other. Only a turn that could not be saved
    raises `G4tuiError`. `chance` shuffles blind turns.
    """

    def __init__(
        self, chat: Chat, store: Store, *, chance: random.Random = random.SystemRandom()
    ) -> None:
        self._chat = chat
        self._store = store
        self._chance = chance

    async def ask(
        self,
        session: str,
        text: str,
        sides: Sequence[Side],
        *,
        cancels: Sequence[Cancel],
        attachments: Sequence[Attachment] = (),
        blind: bool = False,
    ) -> AsyncGenerator[CompareEvent]:
        """Ask all sides. `cancels`: one a side."""
        await self._chat.late.save()
        question = Message("user", text, attachments=tuple(attachments))
        order = shuffled(len(sides), self._chance) if blind else None
        turn, rows = await asyncio.to_thread(self._begin, session, question, sides, blind, order)
        finished: dict[int, MessageRow] = {}
        begun: set[int] = set()
        streams = [
            self._chat.fill(user, answer, side.spec, answer.params, cancel)
            for (user, answer), side, cancel in zip(rows, sides, cancels, strict=True)
        ]
        try:
            yield CompareStarted(turn)
            async with aclosing(_together(streams, begun)) as events:
                async for event in events:
                    if isinstance(event.told, TurnFinished):
                        finished[event.side] = event.told.answer
                    yield event
        finally:  # a side that was left before its first step saves nothing by itself
            for side, (_, answer) in enumerate(rows):
                if side not in begun:
                    self._store.finish_answer(answer.id, "interrupted", "")
        yield CompareFinished(tuple(finished[side] for side in range(len(sides))))

    async def again(
        self, turn: str, answer: str, side: Side, *, cancel: Cancel | None = None
    ) -> AsyncGenerator[TurnEvent]:
        """Another answer of one side, in the place of `answer` in the turn.

        One that never had a word is written itself: there is nothing of it to keep.
        """
        await self._chat.late.save()
        new = await asyncio.to_thread(self._begin_again, turn, answer, side)
        stream = self._chat.fill(None, new, side.spec, new.params, cancel)
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    def lines(
        self, session: str, models: Sequence[str], *, blind: bool = False
    ) -> list[str | None]:
        """The message that each of `models` goes on from. Blocks.

        Answers to different conversations would tell who is who: all blind ones go on from one, and
        so does every answer after them whose names nobody has seen.
        """
        head = self._store.session(session).head
        turn = self._store.turn_at(session)
        if turn is None or turn.chosen is not None:
            return [head if turn is None else turn.chosen] * len(models)
        standing = {
            answer: row.id
            for answer, row in zip(turn.answers, self._store.standing(turn.id), strict=True)
        }
        if blind or is_hidden(turn):
            return [standing[better(turn)]] * len(models)
        own = [(row.model, standing[row.id]) for row in self._store.messages(turn.answers)]
        return parents(models, head, own)

    def _begin(
        self,
        session: str,
        question: Message,
        sides: Sequence[Side],
        blind: bool,
        order: Sequence[int] | None,
    ) -> tuple[TurnRow, list[tuple[MessageRow, MessageRow]]]:
        with self._store.batch():
            row = self._store.session(session)
            models = [side.spec.id for side in sides]
            before = self.lines(session, models, blind=blind)
            common = self._chat.defaults.merged(row.params)
            params = varied([(each.spec.id, common.merged(each.params)) for each in sides])
            asked = [Asked(*each) for each in zip(before, models, params, strict=True)]
            return self._store.begin_compared(session, question, asked, blind=blind, order=order)

    def _begin_again(self, turn: str, answer: str, side: Side) -> MessageRow:
        with self._store.batch():
            old = self._store.message(answer)
            row = self._store.session(old.session)
            params = self._chat.defaults.merged(row.params).merged(side.params)
            if old.model == side.spec.id and self._is_nothing(turn, old):
                return self._store.resume_answer(answer, params)
            _, new = self._store.begin_turn(row.id, old.parent, None, side.spec.id, params)
            head = self._store.message(row.head) if row.head is not None else old
            if answer not in (head.id, head.corrects):
                self._store.set_head(row.id, head.id)
            self._store.replace_answer(turn, answer, new.id)
            return new

    def _is_nothing(self, turn: str, answer: MessageRow) -> bool:
        """Whether an answer ended before its first word, and nobody has made anything of it.

        While names are hidden every answer is kept: which of them came to nothing would tell.
        """
        row = self._store.turn(turn)
        is_blank = not answer.message.text and not answer.message.reasoning
        return (
            is_blank
            and answer.state in ("interrupted", "stopped", "failed")
            and not is_hidden(row)
            and all(answer.id not in vote.shown for vote in row.votes)
            and answer.id in {each.id for each in self._store.standing(turn)}
        )


async def _together(
    streams: Sequence[AsyncGenerator[TurnEvent]], begun: set[int]
) -> AsyncGenerator[SideEvent]:
    """Events of all streams as they come; leaving early ends them all. Fills `begun`."""
    queue: asyncio.Queue[SideEvent | None] = asyncio.Queue()

    async def pump(side: int, stream: AsyncGenerator[TurnEvent]) -> None:
        begun.add(side)
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    queue.put_nowait(SideEvent(side, event))
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.create_task(pump(*each)) for each in enumerate(streams)]
    try:
        left = len(tasks)
        while left:
            event = await queue.get()
            if event is None:
                left -= 1
            else:
                yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()  # raises what was a defect of ours, once the others are done
