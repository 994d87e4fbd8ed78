"""What a person does while comparing: ask all, stop or ask one again, vote, correct, go on.

Each coroutine runs in a worker of the screen; failures are `G4tuiError`s.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from g4tui.core import Attachment, Cancel
from g4tui.engine.compare import Comparison
from g4tui.engine.self_naming import names_itself
from g4tui.engine.sides import Side
from g4tui.tui.compared import ROLES, Compared
from g4tui.tui.flow import Flow
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.compare_pane import ComparePane

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.engine.late import LateSaves
    from g4tui.store import MessageRow, SessionRow, Store, TurnRow
    from g4tui.store.rows import Verdict, VoteRow
    from g4tui.tui.turns import Turns


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


class Comparing:
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
        self._flow = flow
        self._panes = panes
        self._face = face
        self._votes = votes
        self._comparison = Comparison(flow.services.chat, flow.services.store)
        self._running: dict[str, Compared] = {}
        self.models: list[str] = []
        self.blind = False
        self.compared: Compared | None = None
        self.vote: VoteRow | None = None
        self.verdict: Verdict | None = None

    @property
    def _store(self) -> "Store":
        return self._flow.services.store

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
        self._take_vote(row)
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
            pane.await_question(f"{ROLES[pane.place]}  {model}", model)
        self._face.turn_changed()

    async def _usual(self) -> list[str]:
        """The two sides of the settings; else a ready teacher, and who answers in this chat."""
        setting = self._flow.services.settings.compare
        chosen = self._flow.choice.model
        student, teacher = setting.student or chosen, setting.teacher
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
        self._take_vote(None)
        self._face.sides_changed()
        await self._await_question(session)

    async def reload(self, pane: ComparePane) -> None:
        """Show a pane's line again, from the library."""
        tip = pane.conversation.tip
        if tip:
            await pane.conversation.show_line(self._store, self._flow.session, tip)

    async def keep(self, place: int, row: "MessageRow") -> None:
        """Take an interrupted answer as it is."""
        kept, compared = await self._flow.keep(row), self.compared
        if kept is None:
            return
        if compared is not None and compared.answers[place].id == kept.id:
            compared.answers[place] = kept
        await self.reload(self._panes[place])

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
        self._take_vote(None)
        await self._flow.refresh()  # its first question names a chat
        self._face.turn_changed()
        return True

    async def again(self, place: int, *, resume: bool) -> None:
        """Another answer at a place, or more of the one that is there; others are left alone."""
        compared = self.compared
        row = compared.row if compared is not None else None
        session = self._flow.session
        if compared is None or row is None or session is None:
            return
        if compared.is_busy(place):
            self._face.tell("This answer is still being written: Esc stops it.")
            return
        answer = compared.answers[place]
        if resume and answer.state == "complete" and answer.finish_reason != "length":
            self._face.tell("This answer is complete.")
            return
        # Whether one may be asked must not tell which it is.
        asked = compared.answers.values() if compared.is_hidden else [answer]
        for each in asked:
            if await self._flow.may_leave(session, self._flow.spec(each.model), "") is None:
                return
        spec = self._flow.spec(answer.model)
        mine = Cancel()
        listener = compared.one_side(place, mine)
        chat, comparison = self._flow.services.chat, self._comparison
        if resume:
            turn = self._turns.start(
                session.id,
                lambda cancel: chat.resume(answer.id, spec=spec, cancel=_linked(cancel, [mine])[0]),
                listener,
            )
        else:
            turn = self._turns.start(
                session.id,
                lambda cancel: comparison.again(
                    row.id, answer.id, Side(spec), cancel=_linked(cancel, [mine])[0]
                ),
                listener,
            )
        self._running[session.id] = compared
        if await turn.begun and not resume:
            await self._read_choice(compared)
        self._face.turn_changed()

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

    # judging

    def _take_vote(self, row: "TurnRow | None") -> None:
        self.vote = row.vote if row is not None else None
        self.verdict = self.vote.verdict if self.vote is not None else None

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
        self.verdict = verdict
        self._face.turn_changed()
        store, ids = self._store, [answer.id for answer in pair]
        saved = await self._votes.now_or_later(
            lambda: store.vote(row.id, verdict, answers=ids, reason=reason, names_itself=told)
        )
        if saved is None:
            self._face.tell("The library is busy: your vote is kept, and saved once it can be.")
        if self.compared is compared and self.verdict == verdict:
            self.vote = saved
            await self._lift(compared, saved_vote=saved)
            if told and saved is not None and not saved.blind:
                self._face.tell("An answer told who wrote it: this vote does not count as blind.")

    def saved_late(self, vote: "VoteRow") -> None:
        """The library took a vote that it had first refused."""
        row = self.compared.row if self.compared is not None else None
        if row is not None and row.id == vote.turn:
            self.vote = vote

    def answer_saved(self, answer: "MessageRow") -> None:
        """The library took the end of an answer that it had first refused."""
        if self.compared is not None:
            self.compared.saved_late(answer)

    def _names_itself(self, answers: "Sequence[MessageRow]") -> bool:
        parent = answers[0].parent
        question = self._store.message(parent).message.text if parent is not None else ""
        return any(names_itself(each.message.text, each.model, question) for each in answers)

    async def _lift(self, compared: Compared, saved_vote: "VoteRow | None") -> None:
        """Show the names: as the library has it, or before it has."""
        from msgspec.structs import replace

        assert compared.row is not None
        was_hidden = compared.is_hidden
        row = replace(compared.row, vote=saved_vote)
        if row.blind and row.revealed is None:
            row = replace(row, revealed=row.created)
        compared.row = row
        if was_hidden:
            compared.show(row)
        self._face.turn_changed()

    async def take_back(self) -> None:
        """No vote on this turn."""
        compared = self.compared
        if compared is not None and compared.row is not None and self.verdict is not None:
            await self._votes.save()
            compared.row = await in_thread(self._store.unvote, compared.row.id)
            self._take_vote(compared.row)
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
        await self._lift(compared, None)
        self._face.tell("A vote on this turn no longer counts as blind.")

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


def _linked(first: Cancel, others: Sequence[Cancel]) -> Sequence[Cancel]:
    """`others`, each requested with `first`."""
    for other in others:
        first.on_request(other.request)
    return others
