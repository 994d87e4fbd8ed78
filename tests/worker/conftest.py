"""Real processes, which must all be gone after each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from g4tui.worker import Worker
from support.processes import ended
from support.workers import fake_worker


@pytest_asyncio.fixture
async def make_worker(tmp_path: Path) -> AsyncIterator[Callable[..., Worker]]:
    """As `fake_worker`, in a folder of the test; closed in the end."""
    made: list[Worker] = []

    def make(model: str = "any", **keywords: object) -> Worker:
        worker = fake_worker(tmp_path, model, name=f"worker{len(made)}", **keywords)  # type: ignore[arg-type]
        made.append(worker)
        return worker

    yield make
    for worker in made:
        await worker.close()
        if worker.pid is not None:
            assert await ended(worker.pid), f"the worker {worker.pid} is still there"


@pytest_asyncio.fixture
async def started(
    make_worker: Callable[..., Worker],
) -> AsyncIterator[Callable[..., Awaitable[Worker]]]:
    """The same, started."""

    async def start(model: str = "any", **keywords: object) -> Worker:
        worker = make_worker(model, **keywords)
        await worker.start()
        return worker

    yield start
