"""What a person does while comparing: open a session, choose models, ask all or one, stop.

Each coroutine runs in a worker of the screen; failures are `G4tuiError`s.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from g4tui.core import Attachment, Cancel, ModelSpec, parse_model
from g4tui.engine.compare import Comparison
from g4tui.engine.sides import Side
from g4tui.store.veil import letter
from g4tui.tui.compared import ROLES, Compared
from g4tui.tui.flow import Flow
from g4tui.tui.judging import CompareFace, Judging
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.compare_pane import ComparePane

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from g4tui.core import ErrorInfo
    from g4tui.engine import TurnEvent
    from g4tui.engine.late import LateSaves
    from g4tui.store import MessageRow, SessionRow
    from g4tui.store.rows import VoteRow
    from g4tui.tui.turns import Turns


STAYS_BLIND = "Blind: not every model can go on with a part. r asks all again, v shows the names."


class Comparing(Judging):
    """One compare screen's doings, on the session of the chat's `flow`.

    `models` are those of the next question, the teacher first; `compared` is the turn in view.
    """

    def __init__(
        self,
        flow: Flow,
        panes: Sequence[ComparePane],
        face: CompareFace,
        votes: "LateSaves[VoteRow]",
    ) -> None:
        super().__init__(flow, panes, face, votes)
        self._comparison = Comparison(flow.services.chat, flow.services.store)
        self._running: dict[str, Compared] = {}
        self.models: list[str] = []
        self.blind = False

    @property
    def _turns(self) -> "Turns":
        return self._flow.answering.turns

    # what is on screen

    async def open(self) -> None:
        """Show the session of the chat: its compared turn, or its line in every pane."""
        session = self._flow.session
        running = self._running.get(session.id) if session is not None else None
        compared, tips = running, {}
        if running is not None:
            tips = {place: answer.id for place, answer in running.answers.items()}
        elif session is not None and session.head is not None:
            session = await in_thread(self._store.session, session.id)
            compared, tips = await self._standing(session.id)
        self.compared = compared
        row = compared.row if compared is not None else None
        self._take_votes(row)
        if compared is not None and row is not None:
            by_side = [row.shown.index(answer) for answer in row.answers]
            self.models = [compared.answers[place].model for place in by_side]
        else:
            self.models = await self._usual()
        self._face.sides_changed()
        if compared is None:
            await self._await_question(session)
            return
        for place, tip in tips.items():
            await self._panes[place].conversation.show_line(self._store, session, tip)
        compared.show_all()
        self._face.turn_changed()

    async def _standing(self, session: str) -> tuple[Compared | None, dict[int, str]]:
        """The compared turn that the session stands at; what each pane's line ends with."""
        row = await in_thread(self._store.turn_at, session)
        if row is None or len(row.shown) > len(self._panes):
            return None, {}
        compared = Compared(self._panes, session, self._ended)
        compared.saved(row, await in_thread(self._store.messages, row.answers))
        standing = await in_thread(self._store.standing, row.id)
        ends = zip(row.answers, standing, strict=True)
        return compared, {row.shown.index(answer): end.id for answer, end in ends}

    async def _await_question(self, session: "SessionRow | None") -> None:
        """Show what each of the models would go on from."""
        tips: list[str | None] = [None] * len(self.models)
        if session is not None:
            tips = await in_thread(
                self._comparison.lines, session.id, self.models, blind=self.blind
            )
        for pane, model, tip in zip(self._panes, self.models, tips, strict=False):
            await pane.conversation.show_line(self._store, session, tip or "")
            if self.blind:
                pane.await_question(letter(pane.place), "")
            else:
                pane.await_question(f"{ROLES[pane.place]}  {model}", model)
        self._face.turn_changed()

    async def hide_names(self, hide: bool) -> None:
        """From the next question on; at once, where there are no answers yet."""
        self.blind = hide
        self._face.turn_changed()
        session = self._flow.session
        if self.compared is None and not (session and self.is_running(session.id)):
            await self._await_question(session)

    async def _usual(self) -> list[str]:
        """The two sides of the settings; else a ready teacher, and who answers in this chat.

        Beside a base with an adapter stands the base itself.
        """
        setting = self._flow.services.settings.compare
        chosen = self._flow.choice.model
        student, teacher = setting.student or chosen, setting.teacher
        if not teacher and (spec := parse_model(student)).adapters:
            teacher = spec.base.id
        if not teacher:
            ready = [each for each in await self._flow.services.runtime.list_models() if each.ready]
            ready = [each for each in ready if each.id != student]
            ready.sort(key=lambda each: each.local)
            teacher = ready[0].id if ready else student
        if student == teacher and not setting.student:
            student = self._flow.services.settings.chat.model
        return [teacher, student]

    async def use(self, models: Sequence[str]) -> None:
        """Ask these from now on."""
        self.models = list(models)
        session = self._flow.session
        self.compared = None
        self._take_votes(None)
        self._face.sides_changed()
        await self._await_question(session)

    async def reload(self, pane: ComparePane) -> None:
        """Show a pane's line again, from the library."""
        tip = pane.conversation.tip
        if tip:
            await pane.conversation.show_line(self._store, self._flow.session, tip)

    async def keep(self, place: int, row: "MessageRow") -> None:
        """Take an interrupted answer as it is; while names are hidden all that are beside it."""
        kept, compared = await self._flow.keep(row), self.compared
        if kept is None:
            return
        places = [place]
        if compared is not None and compared.answers[place].id == kept.id:
            rows = await in_thread(self._store.messages, [a.id for a in compared.answers.values()])
            compared.answers = dict(zip(compared.answers, rows, strict=True))
            places = sorted(compared.answers) if compared.is_hidden else places
        for each in places:
            await self.reload(self._panes[each])

    async def older(self, pane: ComparePane) -> None:
        """What was said before."""
        await pane.conversation.page(self._store, older=True)

    # asking

    async def send(self, text: str, attachments: Sequence[Attachment]) -> bool:
        """Ask all; false, where it was not sent or saved."""
        specs = [self._flow.spec(model) for model in self.models]
        session = await self._flow.begun(list(dict.fromkeys(specs)), text)
        if session is None:
            return False
        for pane in self._panes:
            pane.conversation.session = session
        await self._votes.save()  # blind models go on from the answer that won
        await self._leave_blind()
        compared = Compared(self._panes, session.id, self._ended)
        cancels = [Cancel() for _ in specs]
        turn = self._turns.start(
            session.id,
            lambda cancel: self._comparison.ask(
                session.id,
                text,
                [Side(spec) for spec in specs],
                cancels=_linked(cancel, cancels),
                attachments=attachments,
                blind=self.blind,
            ),
            compared.all_sides(cancels),
        )
        self._running[session.id] = compared
        if not await turn.begun:
            return False
        self.compared = compared
        self._take_votes(None)
        await self._flow.refresh()  # its first question names a chat
        self._face.turn_changed()
        return True

    async def _leave_blind(self) -> None:
        """Who goes on from a turn of more than two has voted on it as far as he wants to."""
        compared = self.compared
        row = compared.row if compared is not None and compared.is_hidden else None
        if row is not None and self.progress[0]:
            await in_thread(self._store.reveal, row.id)

    async def again(self, place: int, *, resume: bool) -> None:
        """Another answer at a place, or more of the one that is there; others are left alone.

        While names are hidden all are asked again: the time that one takes would tell.
        """
        compared = self.compared
        row = compared.row if compared is not None else None
        session = self._flow.session
        if compared is None or row is None or session is None:
            return
        if compared.is_busy(place):
            self._face.tell("This answer is still being written: Esc stops it.")
            return
        answer = compared.answers[place]
        shown = self._panes[place].conversation.shown(answer)  # one that is hidden may be cut
        if resume and shown.state == "complete" and shown.finish_reason != "length":
            self._face.tell("This answer is complete.")
            return
        if resume and compared.is_hidden:
            self._face.tell(STAYS_BLIND)
            return
        places = sorted(compared.answers) if compared.is_hidden else [place]
        asked = [compared.answers[each] for each in places]
        specs = [self._flow.spec(each.model) for each in asked]
        if resume and not await self._flow.goes_on(specs[0], answer):
            return
        for spec in specs:
            if await self._flow.may_leave(session, spec, "") is None:
                return
        if len(places) > 1:
            self._face.tell("Blind: all are asked again, so that time tells nothing.")
        cancels = [Cancel() for _ in places]
        listeners = [compared.one_side(*each) for each in zip(places, cancels, strict=True)]
        self._running[session.id] = compared
        begun = [
            self._turns.start(
                session.id, self._asking(row.id, each, spec, mine, resume=resume), listener
            ).begun
            for each, spec, mine, listener in zip(asked, specs, cancels, listeners, strict=True)
        ]
        if any(await asyncio.gather(*begun)) and not resume:
            await self._read_choice(compared)
        self._face.turn_changed()

    def _asking(
        self, turn: str, answer: "MessageRow", spec: ModelSpec, mine: Cancel, *, resume: bool
    ) -> "Callable[[Cancel], AsyncGenerator[TurnEvent]]":
        """More of an answer, or another in its place; `mine` stops it, too."""

        def stream(cancel: Cancel) -> "AsyncGenerator[TurnEvent]":
            _linked(cancel, [mine])
            if resume:
                return self._flow.services.chat.resume(answer.id, spec=spec, cancel=mine)
            return self._comparison.again(turn, answer.id, Side(spec), cancel=mine)

        return stream

    def stop(self, place: int | None) -> bool:
        """Stop one side (all, where it may not tell which has ended), or all; whether any was."""
        compared = self.compared
        if compared is not None and compared.is_hidden:
            place = None
        writing = compared.writing if compared is not None else {}
        asked = [cancel for at, cancel in writing.items() if place is None or at == place]
        for cancel in asked:
            cancel.request()
        return bool(asked)

    def is_running(self, session: str) -> bool:
        """Whether a comparison is being written in a session."""
        return session in self._running

    def _ended(self, compared: Compared, error: "ErrorInfo | None") -> None:
        if not compared.writing:
            self._running.pop(compared.session, None)
        self._face.turn_over(compared, error)


def _linked(first: Cancel, others: Sequence[Cancel]) -> Sequence[Cancel]:
    """`others`, each requested with `first`."""
    for other in others:
        first.on_request(other.request)
    return others
