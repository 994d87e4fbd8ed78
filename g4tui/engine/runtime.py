"""The models that are open: loaded when first asked, shared, queued, unloaded, held back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from typing import Any

import msgspec

from g4tui.config import Settings, backend_options
from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelInfo,
    ModelSpec,
    Progress,
    Request,
)
from g4tui.engine.caches import evict
from g4tui.engine.cores import physical_cores, shares
from g4tui.engine.listing import models_of
from g4tui.engine.opened import LoopModel, OpenedModel, unexplained
from g4tui.engine.places import Place, Places
from g4tui.engine.quarantine import Quarantine
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui.plugin import Plugins
from g4tui.worker import HostConfig, Worker

AnyBackend = Backend[Any]
Secret = Callable[[str, str], str | None]

# Two loaded native models are what a comparison needs; more would only fill the memory.
KEEP_LOADED = 2


class _Slot:
    """What is loaded for one model, if anything."""

    def __init__(self) -> None:
        self.loading = asyncio.Lock()
        self.model: OpenedModel | None = None
        self.native = False


class Runtime:
    """Opens models by name and answers requests with them. Lives on one event loop.

    `secret(server, origin)` gives the key of a server, only ever to backends that run on the loop;
    `log` takes the lines that backends log. `close` it before the loop ends.
    """

    def __init__(
        self,
        plugins: Plugins,
        settings: Settings,
        paths: Paths,
        library: Library,
        *,
        secret: Secret = lambda server, origin: None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._plugins = plugins
        self._settings = settings
        self._paths = paths
        self._library = library
        self._secret = secret
        self._log = log
        self._slots: dict[ModelSpec, _Slot] = {}
        self._whole_only: set[str] = set()
        self._places = Places(KEEP_LOADED, self._share_cores)
        self.quarantine = Quarantine(paths.quarantine_file)

    async def list_models(self) -> list[ModelInfo]:
        """The models of every loaded backend. A backend that fails is listed as not ready."""
        backends = self._plugins.backends()
        found = await asyncio.gather(*(self._listed(backend) for backend in backends))
        return [model for models in found for model in models]

    def destination(self, spec: ModelSpec) -> str:
        """The host that this model's conversations go to; empty when they stay here."""
        backend = self._plugins.backend(spec.backend)
        return backend.destination(spec, backend_options(self._settings, backend))

    @contextmanager
    def place(self, spec: ModelSpec) -> Iterator[Place]:
        """A place in the model's queue, for `generate` and for what is asked of the model before.

        (While it writes another answer it would not even count tokens.) Only native models have a
        queue: a server sees to its own.
        """
        if self._plugins.backend(spec.backend).runs == "loop":
            free = Place(spec)
            free.grant()
            yield free
            return
        place = self._places.join(self._key(spec))
        try:
            yield place
        finally:
            self._places.leave(place)

    async def load(self, spec: ModelSpec, cancel: Cancel) -> AsyncGenerator[Progress]:
        """Open the model if it is not, telling how far that is. Raises `G4tuiError`."""
        slot = self._slot(spec)
        steps: asyncio.Queue[Progress | None] = asyncio.Queue()
        task = asyncio.create_task(self._ensure(spec, slot, steps.put_nowait))
        task.add_done_callback(lambda _: steps.put_nowait(None))
        loop = asyncio.get_running_loop()
        cancel.on_request(lambda: loop.call_soon_threadsafe(task.cancel))
        try:
            while (step := await steps.get()) is not None:
                yield step
        finally:
            if not task.done():
                task.cancel()
            await asyncio.wait([task])
        if task.cancelled():
            return
        task.result()

    async def generate(
        self, spec: ModelSpec, request: Request, cancel: Cancel, place: Place | None = None
    ) -> AsyncGenerator[Event]:
        """Answer a request; one at a time for a native model. Ends with `Finished` or `Failed`.

        `place`: one that was waited for already, and is the caller's to keep or leave.
        """
        slot = self._slot(spec)
        if spec.adapters and self._plugins.backend(spec.backend).hot_adapters:
            request = msgspec.structs.replace(request, adapters=spec.adapters)
        with nullcontext(place) if place is not None else self.place(spec) as mine:
            if not mine.granted:
                yield Progress("queue", 0, mine.behind)
            model = None
            if await mine.wait(cancel):
                try:
                    async with aclosing(self.load(spec, cancel)) as steps:
                        async for step in steps:
                            yield step
                except G4tuiError as error:
                    yield Failed(error.info)
                    return
                model = slot.model
            if cancel.requested or model is None:
                yield Finished("cancelled")
                return
            self._share_cores()
            try:
                async with aclosing(model.generate(request, cancel)) as events:
                    async for event in events:
                        self._judge(spec, model, event)
                        yield event
            finally:
                cancel.request()

    async def opened(self, spec: ModelSpec) -> OpenedModel:
        """The loaded model. Raises `G4tuiError`."""
        slot = self._slot(spec)
        await self._ensure(spec, slot, lambda step: None)
        assert slot.model is not None
        return slot.model

    async def can_continue(self, spec: ModelSpec) -> bool:
        """Whether a model goes on with a part of an answer, as far as that is known unloaded.

        Raises `G4tuiError`.
        """
        backend = await asyncio.to_thread(self._plugins.backend, spec.backend)
        model = self._slot(spec).model
        if backend.runs != "loop" and (model is None or not model.alive):
            return self.may_continue(spec.id)
        return (await self.opened(spec)).can_continue

    def may_continue(self, model: str) -> bool:
        """The same, of what was loaded here since the start: false, where it is known not to."""
        return model not in self._whole_only

    async def count_tokens(self, spec: ModelSpec, messages: Sequence[Message]) -> int:
        """Tokens of a prompt made of `messages`."""
        return await (await self.opened(spec)).count_tokens(messages)

    async def unload(self, spec: ModelSpec) -> None:
        """End the model's process, or close its connections; state of conversations is saved."""
        slot = self._slots.pop(self._key(spec), None)
        if slot is not None and slot.model is not None:
            await slot.model.close()
        await asyncio.to_thread(self.evict_caches)

    def evict_caches(self) -> None:
        """Keep what backends save for conversations within the limit."""
        evict(self._paths.plugin_caches, self._settings.cache.max_bytes)

    async def close(self) -> None:
        """Unload everything."""
        await asyncio.gather(*(self.unload(spec) for spec in list(self._slots)))

    def _key(self, spec: ModelSpec) -> ModelSpec:
        backend = self._plugins.backend(spec.backend)
        return spec.base if backend.hot_adapters else spec

    def _slot(self, spec: ModelSpec) -> _Slot:
        return self._slots.setdefault(self._key(spec), _Slot())

    def _judge(self, spec: ModelSpec, model: OpenedModel, event: Event) -> None:
        if isinstance(event, Finished):
            self.quarantine.clear(spec.base.id)
        elif model.crashed:
            self.quarantine.strike(spec.base.id)

    async def _ensure(self, spec: ModelSpec, slot: _Slot, tell: Callable[[Progress], None]) -> None:
        await self._load(spec, slot, tell)
        if slot.model is not None and not slot.model.can_continue:
            self._whole_only.add(spec.id)

    async def _load(self, spec: ModelSpec, slot: _Slot, tell: Callable[[Progress], None]) -> None:
        async with slot.loading:
            if slot.model is not None and slot.model.alive:
                return
            self.quarantine.check(spec.base.id)
            backend = await asyncio.to_thread(self._plugins.backend, spec.backend)
            options = backend_options(self._settings, backend)
            key = self._key(spec)
            if backend.runs == "loop":
                slot.model = await self._open_here(backend, options, key)
                return
            await self._make_room(slot)
            slot.native = True
            worker = await self._worker(backend, key)
            try:
                await worker.start(tell)
            except G4tuiError:
                if worker.crashed:
                    self.quarantine.strike(spec.base.id)
                raise
            slot.model = worker

    async def _open_here(
        self, backend: AnyBackend, options: msgspec.Struct, spec: ModelSpec
    ) -> LoopModel:
        host = await self._host(backend)
        try:
            engine = await asyncio.to_thread(backend.open, spec, options, host)
        except G4tuiError:
            raise
        except Exception as error:
            raise G4tuiError.of(unexplained(error)) from error
        if not isinstance(engine, AsyncEngine):
            raise G4tuiError(
                "plugin",
                "The backend opened the wrong kind of engine",
                f"{backend.name} says that it runs on the loop, but gave no AsyncEngine.",
                "Tell the plugin's author.",
            )
        return LoopModel(engine)

    async def _worker(self, backend: AnyBackend, spec: ModelSpec) -> Worker:
        host = await self._host(backend)
        return Worker(
            backend.name,
            spec,
            options=self._settings.backends.get(backend.name, {}),
            host=HostConfig(
                cache_dir=host.cache_dir, model_files=host.model_files, threads=host.threads
            ),
            log_path=self._paths.worker_log(spec.id),
            extra_env=backend.environment(),
        )

    async def _make_room(self, mine: _Slot) -> None:
        """Unload idle native models until a new one has room, those loaded first before others."""
        loaded = [
            spec
            for spec, slot in self._slots.items()
            if slot is not mine and slot.native and slot.model is not None and slot.model.alive
        ]
        idle = [spec for spec in loaded if spec not in self._places.working]
        for spec in idle[: max(0, len(loaded) - KEEP_LOADED + 1)]:
            await self.unload(spec)

    def _share_cores(self) -> None:
        """Native models that compute at once split the cores; one alone has all of them.

        Threads of llama.cpp meet at spinning barriers: with more threads than cores they wait for
        one that is not running.
        """
        working = self._places.working
        for key, threads in zip(working, shares(physical_cores(), len(working)), strict=True):
            slot = self._slots.get(key)
            if slot is not None and slot.model is not None:
                slot.model.use_threads(threads)

    async def _listed(self, backend: AnyBackend) -> list[ModelInfo]:
        async def opened() -> tuple[Host, msgspec.Struct]:
            options = backend_options(self._settings, backend)
            return await self._host(backend), options

        return await models_of(backend, opened, self.quarantine.held())

    async def _host(self, backend: AnyBackend) -> Host:
        files = await asyncio.to_thread(self._library.files)
        return Host(
            cache_dir=self._paths.plugin_cache(backend.name),
            model_files=files,
            threads=physical_cores(),
            secret=self._secret,
            log=self._log,
        )
