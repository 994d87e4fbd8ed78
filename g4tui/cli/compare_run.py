"""Runs `g4tui compare`: one session a prompt, all sides of it at once."""

import asyncio
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from g4tui.cli.app import App
from g4tui.cli.ask_turn import opened
from g4tui.cli.compare_output import CompareOutput
from g4tui.cli.compare_prompts import Prompt
from g4tui.cli.compare_report import Compared, check_report, report, write_report
from g4tui.cli.naming import named_model
from g4tui.cli.stopping import Stop, stop_signals
from g4tui.config import Settings
from g4tui.core import Cancel, G4tuiError, ModelSpec, Params, parse_model
from g4tui.engine import Chat, TurnFinished
from g4tui.engine.compare import CompareFinished, CompareStarted, Comparison, SideEvent
from g4tui.engine.sides import Side
from g4tui.plugin.exchange import Transcript, TranscriptMessage
from g4tui.store import MessageRow, SessionRow, Store
from g4tui.store.veil import is_hidden


@dataclass(frozen=True)
class Plan:
    """What the command line asked for. `resumes`: what was answered before is not asked again.

    `blind`: nothing tells who wrote which before the vote.
    """

    prompts: Sequence[Prompt]
    models: Sequence[str]
    system: str
    params: Params
    context: int | None
    report: Path | None
    title: str
    resumes: bool
    blind: bool = False


def chosen_models(settings: Settings, models: Sequence[str]) -> list[str]:
    """The sides. Raises `G4tuiError` of kind `usage` for fewer than two."""
    names = list(models)
    if not names:
        names = [settings.compare.teacher, settings.compare.student or settings.chat.model]
    if len(names) < 2 or not all(names):
        raise G4tuiError(
            "usage",
            "A comparison needs two models",
            "Only one was named." if models else "The setting compare.teacher is not made.",
            "Name each with -m, or: g4tui config set compare.teacher openai:gpt-4o-mini",
        )
    return names


async def compare_all(app: App, plan: Plan) -> int:
    """Ask, print, save, report; the exit code."""
    output = CompareOutput(app, len(plan.prompts), plan.models, blind=plan.blind)
    compared: list[Compared] = []
    with stop_signals() as stop:
        try:
            app.plugins.begin_to_load_others()
            with redirect_stdout(sys.stderr):  # what plugins print is no answer
                await _ask_all(app, plan, output, compared, stop)
        except asyncio.CancelledError:
            if stop.number is None:
                raise
        finally:
            output.close()
        if plan.report is not None and compared:
            models = [parse_model(name).id for name in plan.models]
            html = report(plan.title, models, compared, app.redacted)
            write_report(plan.report, html)
            app.note(f"The report: {plan.report}")
    if stop.number is not None:
        return 128 + stop.number
    return int(any(row.error is not None for each in compared for row in each.answers))


async def _ask_all(
    app: App, plan: Plan, output: CompareOutput, compared: list[Compared], stop: Stop
) -> None:
    if plan.report is not None:
        await asyncio.to_thread(check_report, plan.report)
    async with opened(app) as runtime:
        specs = [
            await named_model(app, runtime, name, context=plan.context) for name in plan.models
        ]
        sides = [Side(spec, plan.params) for spec in specs]
        hosts = [await asyncio.to_thread(runtime.destination, spec) for spec in specs]
        store = app.store
        known = await asyncio.to_thread(_known, store) if plan.resumes else {}
        chat = Chat(store, runtime, app.plugins, defaults=app.settings.chat.params)
        comparison = Comparison(chat, store)
        asking = _Asking(chat, comparison, store, sides, output, stop, blind=plan.blind)
        seen: Counter[str] = Counter()
        try:
            for prompt in plan.prompts:
                content = _digest(plan, specs, prompt)
                seen[content] += 1
                origin = f"g4tui-compare:{content}:{seen[content]}" if plan.resumes else ""
                session = known.get(origin)
                if session is None:
                    session = await asyncio.to_thread(_session, store, plan, specs, prompt, origin)
                for host in filter(None, dict.fromkeys(hosts)):  # to ask here is to consent
                    await asyncio.to_thread(store.add_consent, session.id, host)
                compared.append(await asking.ask(session.id, prompt))
                if stop.number is not None:
                    return
        finally:
            await chat.late.close()


class _Asking:
    """Asks one prompt after another."""

    def __init__(
        self,
        chat: Chat,
        comparison: Comparison,
        store: Store,
        sides: Sequence[Side],
        output: CompareOutput,
        stop: Stop,
        *,
        blind: bool,
    ) -> None:
        self._blind = blind
        self._chat = chat
        self._comparison = comparison
        self._store = store
        self._sides = sides
        self._output = output
        self._stop = stop

    async def ask(self, session: str, prompt: Prompt) -> Compared:
        """The answers of all sides: those that are there, and those that are made now."""
        turn = await asyncio.to_thread(self._store.last_turn, session)
        if turn is None:
            compared = await self._begin(session, prompt)
        else:
            rows = [await asyncio.to_thread(self._store.message, id_) for id_ in turn.answers]
            for side, row in enumerate(rows):
                if row.state != "complete" and self._stop.number is None:
                    rows[side] = await self._again(turn.id, row, side)
            compared = Compared(session, turn.id, prompt, tuple(rows))
        if self._blind:
            compared = await asyncio.to_thread(self._veiled, compared)
        self._output.compared(compared)
        return compared

    def _veiled(self, compared: Compared) -> Compared:
        """As it may be shown: one that was voted on before has its names."""
        turn = self._store.turn(compared.turn)
        if not is_hidden(turn):
            return compared
        veil = self._store.veil(compared.session)
        by_id = {row.id: veil.over(row) for row in compared.answers}
        return replace(compared, answers=tuple(by_id[answer] for answer in turn.shown))

    async def _begin(self, session: str, prompt: Prompt) -> Compared:
        cancels = [Cancel() for _ in self._sides]
        for cancel in cancels:
            self._stop.cancel.on_request(cancel.request)
        turn = ""
        answers: tuple[MessageRow, ...] = ()
        stream = self._comparison.ask(
            session, prompt.text, self._sides, cancels=cancels, blind=self._blind
        )
        async with aclosing(stream) as events:
            async for event in events:
                match event:
                    case CompareStarted(row):
                        turn = row.id
                    case SideEvent(side, told):
                        self._output.take(side, told)
                    case CompareFinished(rows):
                        answers = rows
        return Compared(session, turn, prompt, answers)

    async def _again(self, turn: str, row: MessageRow, side: int) -> MessageRow:
        cancel = Cancel()
        self._stop.cancel.on_request(cancel.request)
        stream = self._comparison.again(turn, row.id, self._sides[side], cancel=cancel)
        async with aclosing(stream) as events:
            async for event in events:
                self._output.take(side, event)
                if isinstance(event, TurnFinished):
                    row = event.answer
        return row


def _known(store: Store) -> dict[str, SessionRow]:
    """Sessions by where they came from, those in the bin too."""
    rows = [*store.sessions(shelf="bin"), *store.sessions(shelf="all")]
    return {row.origin: row for row in rows if row.origin}


def _digest(plan: Plan, specs: Sequence[ModelSpec], prompt: Prompt) -> str:
    """What tells a question from all others: its words, who is asked, and how."""
    asked = {
        "text": prompt.text,
        "before": msgspec.to_builtins(prompt.before),
        "system": plan.system if prompt.system is None else prompt.system,
        "models": [spec.id for spec in specs],
        "context": plan.context,
        "params": msgspec.to_builtins(plan.params),
    }
    if plan.blind:  # answers whose names were seen are no blind ones any more
        asked["blind"] = True
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _session(
    store: Store, plan: Plan, specs: Sequence[ModelSpec], prompt: Prompt, origin: str
) -> SessionRow:
    system = plan.system if prompt.system is None else prompt.system
    if not origin and not prompt.before:
        return store.create_session(model=specs[0].id, system=system, context=plan.context)
    messages: list[TranscriptMessage] = []
    for number, message in enumerate(prompt.before):
        messages.append(
            TranscriptMessage(str(number), str(number - 1) if number else None, message)
        )
    transcript = Transcript(
        title="",
        title_is_set=False,
        messages=tuple(messages),
        head=messages[-1].id if messages else None,
        model=specs[0].id,
        system=system,
        context=plan.context,
        origin=origin,
    )
    session = store.import_transcript(transcript)
    assert session is not None  # what is known was found before
    return session
