"""One turn for `g4tui ask`, from the session to the exit code."""

import asyncio
import dataclasses
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from g4tui.cli.app import App
from g4tui.cli.ask_output import AskOutput
from g4tui.cli.naming import named_model
from g4tui.cli.stopping import Stop, stop_signals
from g4tui.core import Attachment, G4tuiError, ModelSpec, Params
from g4tui.engine import Chat, Runtime
from g4tui.engine.privacy import check_may_go
from g4tui.paths import Paths
from g4tui.store import SessionRow, Store

if TYPE_CHECKING:
    from g4tui.config.personas import Persona


@dataclass(frozen=True)
class Ask:
    """What the command line asked for."""

    text: str
    model: str | None
    system: str | None
    persona: "Persona | None"
    session: str | None
    latest: bool
    params: Params
    context: int | None
    attachments: tuple[Attachment, ...]
    save: bool


async def answer(app: App, wanted: Ask) -> int:
    """Ask, print, save; the exit code."""
    output = AskOutput(app)
    with stop_signals() as stop, _home(app, wanted.save) as (store, paths):
        try:
            app.plugins.begin_to_load_others()
            with redirect_stdout(sys.stderr):  # what plugins print is no answer
                await _turn(app, wanted, store, paths, output, stop)
        except G4tuiError as error:
            output.failed(error.info)
        except asyncio.CancelledError:
            if stop.number is None:
                raise
        code = output.close()
        return 128 + stop.number if stop.number is not None else code


async def _turn(
    app: App, wanted: Ask, store: Store, paths: Paths, output: AskOutput, stop: Stop
) -> None:
    existing = await asyncio.to_thread(_existing, store, wanted)
    settings = app.settings.chat
    name = wanted.model or (existing.model if existing else "") or settings.model
    output.model = name
    context = wanted.context or (existing.context if existing else None) or settings.context
    async with opened(app, paths) as runtime:
        spec = await named_model(app, runtime, name, context=context)
        output.model = spec.id
        host = await asyncio.to_thread(runtime.destination, spec)  # a wrong name saves nothing
        if existing is not None:
            check_may_go(existing, host)
        session = await asyncio.to_thread(_session, store, wanted, existing, spec, app)
        output.session = session.id if wanted.save else None
        if host:  # to ask here is to consent
            await asyncio.to_thread(store.add_consent, session.id, host)
        chat = Chat(store, runtime, app.plugins, defaults=settings.params)
        stream = chat.send(
            session.id,
            wanted.text,
            spec=spec,
            params=wanted.params,
            attachments=wanted.attachments,
            cancel=stop.cancel,
        )
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    output.take(event)
        finally:
            await chat.late.close()


def _existing(store: Store, wanted: Ask) -> SessionRow | None:
    if wanted.session is not None:
        return store.session(wanted.session)
    if not wanted.latest:
        return None
    newest = store.sessions(limit=1)
    if not newest:
        raise G4tuiError(
            "missing", "There is no session to go on with", "", "Leave --continue out."
        )
    return newest[0]


def _session(
    store: Store, wanted: Ask, existing: SessionRow | None, spec: ModelSpec, app: App
) -> SessionRow:
    persona = wanted.persona
    system, params = wanted.system, None
    if persona is not None:
        system, params = (persona.system if system is None else system), persona.params
    if existing is None:
        default = app.settings.chat.system if system is None else system
        return store.create_session(model=spec.id, system=default, params=params or Params())
    if (system is not None and system != existing.system) or params is not None:
        return store.update_session(existing.id, system=system, params=params)
    return existing


@asynccontextmanager
async def opened(app: App, paths: Paths | None = None) -> AsyncIterator[Runtime]:
    """The models, until they are let go."""
    runtime = app.runtime(paths)
    try:
        yield runtime
    finally:
        await runtime.close()


@contextmanager
def _home(app: App, save: bool) -> Iterator[tuple[Store, Paths]]:
    """The library and the caches; for an unsaved question a library that is deleted after it."""
    if save:
        yield app.store, app.paths
        return
    with tempfile.TemporaryDirectory(prefix="g4tui-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        paths = dataclasses.replace(app.paths, cache=root / "cache")
        store = Store.open(root / "library.sqlite3")
        try:
            yield store, paths
        finally:
            store.close()
