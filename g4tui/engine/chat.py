"""One turn of a conversation, from what the person typed to the saved answer. Knows no screen."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from g4tui.core import (
    Attachment,
    Cancel,
    Finished,
    G4tuiError,
    Message,
    ModelSpec,
    Params,
    Progress,
    Request,
)
from g4tui.engine.budget import fit
from g4tui.engine.draft import AnswerDraft, Prepared
from g4tui.engine.history import answered
from g4tui.engine.late import LateSaves
from g4tui.engine.privacy import check_may_go
from g4tui.engine.runtime import Runtime
from g4tui.engine.turn_events import (
    ContextUsed,
    MemoryBegins,
    TurnEvent,
    TurnFinished,
    TurnStarted,
)
from g4tui.plugin import Plugins
from g4tui.store import MessageRow, Store

# Where `send` goes on by default; never a message's id.
HEAD = "HEAD"
FLUSH_S = 0.2


class Chat:
    """Sends, regenerates and resumes. Iterate with `contextlib.aclosing`.

    Each call yields `TurnStarted` once the question is on disk, and `TurnFinished` last. A failure
    is an answer with an error, not an exception; only a turn that could not even be saved raises
    `G4tuiError`. Leaving the iteration early stops the model and keeps the text so far.
    An answer that the library cannot take is held by `late` and saved when it can: call
    `late.close()` before the store is closed. `defaults` are the person's parameters; a session's
    go over them, a call's over both.
    """

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        plugins: Plugins,
        *,
        defaults: Params = Params(),
        flush_s: float = FLUSH_S,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._plugins = plugins
        self.defaults = defaults
        self._flush_s = flush_s
        self.late = LateSaves[MessageRow]()

    async def send(
        self,
        session: str,
        text: str,
        *,
        spec: ModelSpec,
        params: Params = Params(),
        parent: str | None = HEAD,
        attachments: Sequence[Attachment] = (),
        cancel: Cancel | None = None,
    ) -> AsyncGenerator[TurnEvent]:
        """Ask: after the session's last message, or after `parent` (`None`: as a new beginning)."""
        await self.late.save()
        row = await asyncio.to_thread(self._store.session, session)
        if parent == HEAD:
            parent = row.head
        params = self.defaults.merged(row.params).merged(params)
        question = Message("user", text, attachments=tuple(attachments))
        user, answer = await asyncio.to_thread(
            self._store.begin_turn, session, parent, question, spec.id, params
        )
        async with aclosing(self.fill(user, answer, spec, params, cancel)) as events:
            async for event in events:
                yield event

    async def regenerate(
        self,
        message: str,
        *,
        spec: ModelSpec,
        params: Params = Params(),
        cancel: Cancel | None = None,
    ) -> AsyncGenerator[TurnEvent]:
        """Answer a question once more, beside its answers; `message`: it, or one of them."""
        await self.late.save()
        old = await asyncio.to_thread(self._store.message, message)
        row = await asyncio.to_thread(self._store.session, old.session)
        params = self.defaults.merged(row.params).merged(params)
        question = old.id if old.message.role == "user" else old.parent
        _, new = await asyncio.to_thread(
            self._store.begin_turn, old.session, question, None, spec.id, params
        )
        async with aclosing(self.fill(None, new, spec, params, cancel)) as events:
            async for event in events:
                yield event

    async def resume(
        self, answer: str, *, spec: ModelSpec, cancel: Cancel | None = None
    ) -> AsyncGenerator[TurnEvent]:
        """Go on with an answer that was interrupted or stopped, where its text ends."""
        await self.late.save()
        before = await asyncio.to_thread(self._store.message, answer)
        if before.message.text and not await self._runtime.can_continue(spec):
            raise _whole_only(spec)  # and the answer stays as it is
        row = await asyncio.to_thread(self._store.resume_answer, answer)
        async with aclosing(self.fill(None, row, spec, row.params, cancel)) as events:
            async for event in events:
                yield event

    async def fill(
        self,
        user: MessageRow | None,
        answer: MessageRow,
        spec: ModelSpec,
        params: Params,
        cancel: Cancel | None,
    ) -> AsyncGenerator[TurnEvent]:
        """Have `spec` write the answer whose row, below the question, is in the library already."""
        cancel = cancel or Cancel()
        draft = AnswerDraft(self._store, answer, self._flush_s)
        finished: MessageRow | None = None
        try:
            yield TurnStarted(user, answer)
            try:
                async with aclosing(self._answer(answer, draft, spec, params, cancel)) as events:
                    async for event in events:
                        yield event
            except G4tuiError as error:
                draft.fail(error.info)
            for delta in draft.end():
                yield delta
            finished = await draft.finish()
            if draft.unsaved:
                self.late.hold(draft.finish_now)
        finally:
            if finished is None:  # the person left, or the program ends
                cancel.request()
                draft.end()
                try:
                    draft.finish_now()
                except G4tuiError as error:
                    if error.info.kind == "storage":
                        self.late.hold(draft.finish_now)
        if draft.prepared is not None:
            await asyncio.to_thread(
                self._plugins.turn_finished, draft.prepared.finished_turn(finished)
            )
        yield TurnFinished(finished)

    async def _answer(
        self,
        answer: MessageRow,
        draft: AnswerDraft,
        spec: ModelSpec,
        params: Params,
        cancel: Cancel,
    ) -> AsyncGenerator[TurnEvent]:
        with self._runtime.place(spec) as place:
            if not place.granted:
                yield Progress("queue", 0, place.behind)
            if not await place.wait(cancel):
                draft.take(Finished("cancelled"))
                return
            async with aclosing(self._runtime.load(spec, cancel)) as steps:
                async for step in steps:
                    yield step
            if cancel.requested:
                draft.take(Finished("cancelled"))
                return
            prepared = draft.prepared = await self._prepare(answer, spec, params)
            for told in prepared.told:
                yield told
            stream = self._runtime.generate(spec, prepared.request, cancel, place)
            async with aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, Progress):
                        yield event
                    for delta in draft.take(event):
                        yield delta
                    if draft.broken is not None:
                        raise G4tuiError.of(draft.broken)

    async def _prepare(self, answer: MessageRow, spec: ModelSpec, params: Params) -> Prepared:
        """What to send, plugins heard and cut to the context."""
        model = await self._runtime.opened(spec)
        session = await asyncio.to_thread(self._store.session, answer.session)
        check_may_go(session, await asyncio.to_thread(self._runtime.destination, spec))
        rows = answered(await asyncio.to_thread(self._store.path, answer.session, answer.parent))
        resumed = answer.message if answer.message.text else None
        if resumed is not None and not model.can_continue:
            raise _whole_only(spec)
        said_before = [row.message for row in rows] + ([resumed] if resumed else [])
        # Models are trained without their earlier thinking in the prompt.
        history = [msgspec.structs.replace(message, reasoning="") for message in said_before]
        system = (Message("system", session.system),) if session.system.strip() else ()
        request = Request(
            (*system, *history),
            params,
            continue_last=resumed is not None,
            cache_key=answer.session,
        )
        request = await asyncio.to_thread(self._plugins.prepare_turn, request)

        heading = tuple(m for m in request.messages if m.role == "system")
        said = [m for m in request.messages if m.role != "system"]
        shift = len(said) - len(history)  # a plugin may have added or taken some
        before = _memory_start(rows) + shift
        fitted = await fit(
            heading, said, max(0, before), model.count_tokens, model.context, params.max_tokens
        )
        told: list[MemoryBegins | ContextUsed] = []
        begins = fitted.start - shift
        if 0 < begins < len(rows):
            await asyncio.to_thread(self._store.set_memory_start, answer.id, rows[begins].id)
            told.append(MemoryBegins(rows[begins].id, begins))
        told.append(ContextUsed(fitted.used, fitted.limit))
        request = msgspec.structs.replace(request, messages=(*heading, *said[fitted.start :]))
        return Prepared(request, session.private, tuple(told))


def _whole_only(spec: ModelSpec) -> G4tuiError:
    return G4tuiError(
        "unsupported",
        "This model cannot go on with a partial answer",
        f"{spec.id} takes whole questions only.",
        "Regenerate the answer, or keep it as it is.",
    )


def _memory_start(rows: Sequence[MessageRow]) -> int:
    """Where the model's memory began at the last answer: staying there keeps its cache warm."""
    marked = next((row.memory_start for row in reversed(rows) if row.memory_start), None)
    return next((i for i, row in enumerate(rows) if row.id == marked), 0)
