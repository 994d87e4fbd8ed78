"""What a person does with a chat: open, ask, ask again, choose a model. Knows widgets by face only.

Each method is one coroutine that the screen runs in a worker; failures are `G4tuiError`s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from g4tui.background import in_daemon
from g4tui.core import Attachment, G4tuiError, ModelInfo, ModelSpec, Params, parse_model
from g4tui.store.veil import BLIND
from g4tui.tui import consent
from g4tui.tui.answering import Answering
from g4tui.tui.conversation import Conversation
from g4tui.tui.services import Services, SessionOptions, in_thread

if TYPE_CHECKING:
    from g4tui.config.personas import Persona
    from g4tui.store import MessageRow, SessionRow, Store


HIDDEN = "Names are hidden here: vote, or look at them, first."


class Face(Protocol):
    """What the flow needs of its screen."""

    async def ask(self, title: str, detail: str, yes: str) -> bool:
        """A question."""

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A passing remark."""

    def session_changed(self) -> None:
        """Title, model or session are others now."""

    def sessions_changed(self) -> None:
        """The list of sessions must be read again."""


@dataclass
class Choice:
    """Who answers next, and how: of the session on screen, or of the one that will begin.

    `private`: whether that one will be.
    """

    model: str = ""
    options: SessionOptions = field(default_factory=SessionOptions)
    private: bool = False


class Flow:
    """One chat screen's doings."""

    def __init__(
        self, services: Services, conversation: Conversation, answering: Answering, face: Face
    ) -> None:
        self.services = services
        self.conversation = conversation
        self.answering = answering
        self.choice = Choice()
        self._face = face
        conversation.may_continue = services.runtime.may_continue
        services.chat.late.tell(answering.saved_late)

    @property
    def session(self) -> "SessionRow | None":
        """The session on screen."""
        return self.conversation.session

    @property
    def is_private(self) -> bool:
        """Whether the chat on screen is, or will be."""
        return self.choice.private if self.session is None else self.session.private

    # which session

    def begin(self, model: str = "", persona: "Persona | None" = None) -> None:
        """A new chat; it is saved with its first message."""
        chat = self.services.settings.chat
        options = SessionOptions(chat.system, Params(), chat.context)
        if persona is not None:
            options = SessionOptions(persona.system, persona.params, chat.context)
        self.choice = Choice(model or self.choice.model or chat.model, options)
        self.conversation.session = None
        self._face.session_changed()

    async def open(self, session: str, message: str | None = None) -> None:
        """Show a session."""
        await self.conversation.open(self.services.store, session, message)
        row = self.session
        assert row is not None
        self.choice = Choice(
            row.model or self.services.settings.chat.model,
            SessionOptions(row.system, row.params, row.context),
        )
        self._face.session_changed()

    async def rename(self, session: str, title: str) -> None:
        """Another title."""
        row = await in_thread(self.services.store.rename_session, session, title)
        self.updated(row)

    def sessions_changed(self) -> None:
        """The list must be read again."""
        self._face.sessions_changed()

    async def choose(self, model: str) -> None:
        """Another model answers from now on."""
        parse_model(model)
        self.choice.model = model
        if self.session is not None:
            store = self.services.store
            self.updated(await in_thread(store.update_session, self.session.id, model=model))
        self._face.session_changed()

    async def set_options(self, options: SessionOptions) -> None:
        """Other parameters, another system prompt."""
        self.choice.options = options
        if self.session is not None:
            row = await in_thread(
                self.services.store.update_session,
                self.session.id,
                system=options.system,
                params=options.params,
                context=options.context or 0,
            )
            self.updated(row)

    async def refresh(self) -> None:
        """Read the session's row again, after a turn."""
        if self.session is not None:
            self.updated(await in_thread(self.services.store.session, self.session.id))

    def updated(self, row: "SessionRow") -> None:
        """A session's row is another now."""
        if self.conversation.id == row.id:
            self.conversation.session = row
            self._face.session_changed()
        self._face.sessions_changed()

    # asking

    async def send(
        self, text: str, attachments: tuple[Attachment, ...], editing: str | None
    ) -> bool:
        """Ask; false, where it was not sent or saved, and the text should stay in the prompt."""
        from g4tui.engine import HEAD

        spec = self.spec(self.choice.model)
        row = await self.begun([spec], text)
        if row is None:
            return False
        chat = self.services.chat
        parent: str | None = HEAD
        if editing is not None:
            parent = (await in_thread(self.services.store.message, editing)).parent
        turn = self.answering.start(
            row.id,
            lambda cancel: chat.send(
                row.id, text, spec=spec, parent=parent, attachments=attachments, cancel=cancel
            ),
        )
        return turn is not None and await turn.begun

    async def begun(self, specs: Sequence[ModelSpec], text: str) -> "SessionRow | None":
        """The session on screen, or a new one, free for a question to these models.

        `None`, where it is not, or where its text may not go to one of them.
        """
        before = self.session
        row = before or await self._new_session()
        allowed: SessionRow | None = row if self.is_free(row.id) else None
        for spec in specs:
            if allowed is not None:
                allowed = await self.may_leave(allowed, spec, text)
        if allowed is None and before is None:
            await in_thread(self.services.store.delete_session, row.id)
            self.conversation.session = None
        return allowed

    async def regenerate(
        self, row: "MessageRow", model: str = "", params: Params = Params()
    ) -> None:
        """Another answer to the same question, by `model` (else the one that is chosen now)."""
        spec = self.spec(model or self.choice.model)
        session = await in_thread(self.services.store.session, row.session)
        if self.is_free(session.id) and await self.may_leave(session, spec, ""):
            chat = self.services.chat
            self.answering.start(
                session.id,
                lambda cancel: chat.regenerate(row.id, spec=spec, params=params, cancel=cancel),
            )

    async def resume(self, row: "MessageRow") -> None:
        """Go on with an answer, by the model that began it."""
        if row.state == "streaming":
            return
        if row.message.role != "assistant":
            self._face.tell("Only an answer can be gone on with.")
            return
        if row.state == "complete" and row.finish_reason != "length":
            self._face.tell("This answer is complete.")
            return
        if row.model.startswith(BLIND):  # not every model can go on with a part
            self._face.tell(HIDDEN)
            return
        spec = self.spec(row.model or self.choice.model)
        if not await self.goes_on(spec, row):
            return
        session = await in_thread(self.services.store.session, row.session)
        if self.is_free(session.id) and await self.may_leave(session, spec, ""):
            chat = self.services.chat
            self.answering.start(
                session.id,
                lambda cancel: chat.resume(row.id, spec=spec, cancel=cancel),
            )

    async def goes_on(self, spec: ModelSpec, row: "MessageRow") -> bool:
        """Whether a model can go on with a part of an answer; else that is told."""
        if not row.message.text or await self.services.runtime.can_continue(spec):
            return True
        keep = ", a keeps it as it is" if row.state == "interrupted" else ""
        self._face.tell(f"This model cannot go on with a partial answer: r asks again{keep}.")
        return False

    async def keep(self, row: "MessageRow") -> "MessageRow | None":
        """Take an interrupted answer as it is; while names are hidden all that are beside it."""
        if row.state != "interrupted":
            self._face.tell("Only an answer that was interrupted can be kept as it is.")
            return None
        store = self.services.store
        turn = await in_thread(store.turn_of, row.id) if row.model.startswith(BLIND) else None
        await in_thread(_keep, store, turn.answers if turn is not None else [row.id])
        return await in_thread(store.message, row.id)

    async def release(self, row: "MessageRow") -> None:
        """Let a model that was held back after crashes be started again."""
        if row.model.startswith(BLIND):
            self._face.tell(HIDDEN)
            return
        spec = self.spec((await in_thread(self.services.store.message, row.id)).model)
        await in_thread(self.services.runtime.quarantine.clear, spec.base.id)
        self._face.tell(f"{spec.base.id} may be started again.")

    async def destination(self) -> str:
        """The host that the next question would go to; empty: it stays here.

        Where the model's plugin does not work nothing goes anywhere: the answer will say why.
        """
        try:
            spec = self.spec(self.choice.model)
            return await in_daemon(lambda: self.services.runtime.destination(spec))
        except G4tuiError:
            return "not available"

    async def lacking(self) -> str:
        """Why the chosen model cannot answer, as far as that can be known; empty where it may."""
        plugins = self.services.plugins
        try:
            spec = self.spec(self.choice.model)
            backend = await in_daemon(lambda: plugins.backend(spec.backend))
        except G4tuiError as error:
            return error.info.title
        model = await self._listed(spec)
        if model is not None:
            return "" if model.ready else model.detail
        # Servers have models that no list tells of; what runs here is listed, or a file.
        is_here = backend.runs == "loop" or await in_thread(Path(spec.model).is_file)
        return "" if is_here else "It is not on this machine"

    async def context(self) -> int | None:
        """How many tokens the chosen model takes in this chat, where that is known."""
        if self.choice.options.context is not None:
            return self.choice.options.context
        plugins = self.services.plugins
        try:
            spec = self.spec(self.choice.model)
            await in_daemon(lambda: plugins.backend(spec.backend))
        except G4tuiError:
            return None
        model = await self._listed(spec)
        return model.context if model is not None else None

    async def _listed(self, spec: ModelSpec) -> ModelInfo | None:
        listed = {model.id: model for model in await self.services.runtime.list_models()}
        return listed.get(spec.id) or listed.get(spec.base.id)

    async def _new_session(self) -> "SessionRow":
        options = self.choice.options
        row = await in_thread(
            self.services.store.create_session,
            model=self.choice.model,
            system=options.system,
            params=options.params,
            context=options.context,
            private=self.choice.private,
        )
        self.conversation.session = row
        return row

    async def may_leave(self, row: "SessionRow", spec: ModelSpec, text: str) -> "SessionRow | None":
        """The session, if its text may go where the model is; the person is asked once."""
        updated = await consent.may_leave(self.services, self._face, row, spec, text)
        if updated is not None and self.conversation.id == row.id:
            self.conversation.session = updated
        return updated

    def is_free(self, session: str) -> bool:
        """Whether nothing is being written in a session; else that is told."""
        if self.answering.turns.of(session) is None:
            return True
        self._face.tell("An answer is still being written: Esc stops it.")
        return False

    def spec(self, model: str) -> ModelSpec:
        """A model's name, loaded for the context of this chat. Raises `G4tuiError`."""
        return parse_model(model, context=self.choice.options.context)


def _keep(store: "Store", answers: Sequence[str]) -> None:
    with store.batch():
        for row in store.messages(answers):  # whole: those on screen may be veiled
            if row.state == "interrupted":
                store.resume_answer(row.id)
                said = row.message
                store.finish_answer(row.id, "stopped", said.text, said.reasoning, row.usage)
