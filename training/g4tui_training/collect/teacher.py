"""The teacher: a model of g4tui, with its prices and the terms on its text."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePath

from g4tui.core import (
    Batches,
    Cancel,
    Event,
    G4tuiError,
    ModelSpec,
    Price,
    Request,
    parse_model,
    unsupported,
)
from g4tui.engine.opened import LoopModel
from g4tui_training.models import Models, opened_models
from g4tui_training.recipe import Collect, Recipe

OPENAI = "api.openai.com"
# We try again by ourselves, at our own pace.
_OPTIONS = {"max_retries": 0}


@dataclass(frozen=True)
class Teacher:
    """What is known before anything is asked.

    `host`: where questions go; empty for this machine. `one_at_a_time`: it computes here.
    `own_price`: the recipe says it.
    """

    spec: ModelSpec
    models: Models
    host: str
    one_at_a_time: bool
    price: Price | None
    own_price: bool
    terms: str

    @property
    def name(self) -> str:
        """As rows name it: no path of this machine."""
        model = self.spec.model
        return PurePath(model).name if PurePath(model).is_absolute() else model

    def generate(self, request: Request, cancel: Cancel) -> AsyncGenerator[Event]:
        """Answer one request; a server's model answers several at once."""
        return self.models.runtime.generate(self.spec, request, cancel)

    async def batches(self) -> Batches:
        """Its Batch API. Raises `G4tuiError`."""
        model = await self.models.runtime.opened(self.spec)
        if not isinstance(model, LoopModel):
            raise unsupported("answer in batches")
        return model.batches()


@asynccontextmanager
async def opened_teacher(
    collect: Collect, log: Callable[[str], None] = lambda line: None
) -> AsyncIterator[Teacher]:
    """The recipe's teacher, not loaded yet. Raises `G4tuiError` for a wrong name."""
    spec = parse_model(collect.teacher)
    async with opened_models(spec, options=_OPTIONS, log=log) as models:
        yield teacher_of(spec, models, collect)


def teacher_of(spec: ModelSpec, models: Models, collect: Collect) -> Teacher:
    """What the backend and the recipe say of a model."""
    backend, options = models.backend(spec), models.options(spec)
    host = backend.destination(spec, options)
    own = own_price(collect)
    return Teacher(
        spec=spec,
        models=models,
        host=host,
        one_at_a_time=backend.runs == "worker",
        price=own or backend.price(spec, options),
        own_price=own is not None,
        terms=collect.terms if collect.terms != "auto" else ("openai" if host == OPENAI else ""),
    )


def own_price(collect: Collect) -> Price | None:
    """The price that the recipe says."""
    asked, answered = collect.usd_per_million_in, collect.usd_per_million_out
    return None if asked is None or answered is None else Price(asked, answered)


def check(teacher: Teacher, recipe: Recipe) -> None:
    """Raises `G4tuiError` (`usage`) for what would cost too much, or be for nothing."""
    if recipe.collect.max_usd is not None and teacher.price is None:
        raise G4tuiError(
            "usage",
            "Nobody knows what this teacher costs",
            "max_usd cannot stop in time without a price.",
            "Set collect.usd_per_million_in and usd_per_million_out, or leave max_usd out.",
        )
    terms = teacher.terms
    if recipe.licence == "permissive" and terms and terms not in recipe.allow_terms:
        raise G4tuiError(
            "usage",
            "This recipe would throw every answer away",
            f"licence is permissive, and the terms of {terms} reach what this teacher says.",
            f'Set allow_terms = ["{terms}"] if you accept them, or choose another teacher.',
        )
