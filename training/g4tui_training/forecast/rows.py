"""How many rows a run will have, and how long they are, before it runs."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, read_rows
from g4tui_training.prompts import files_of, gather
from g4tui_training.recipe import Source
from g4tui_training.run import RunDir
from g4tui_training.stages import Context
from g4tui_training.tally import SourceTally

BYTES_A_TOKEN = 4
# Of the answer to a question that nobody has seen, at most; as collect guesses.
ANSWER_TOKENS = 250
# Around the two messages of a row, with a system prompt.
_AROUND = 24


@dataclass
class SourceRows:
    """Rows of a source and their tokens; `asked` have no answer yet, `fit` are not too long.

    `guessed`: nobody looked.
    """

    source: Source
    rows: int = 0
    asked: int = 0
    tokens: int = 0
    asked_tokens: int = 0
    fit: int = 0
    fit_tokens: int = 0
    guessed: bool = False


@dataclass(frozen=True)
class Rows:
    """What goes into training: `train` and `held` rows, and tokens of all that train."""

    train: int
    held: int
    tokens: int
    held_tokens: int


def source_rows(context: Context) -> tuple[list[SourceRows], list[str]]:
    """Every source, those on this machine read through; and what could not be known."""
    recipe, notes = context.recipe, []
    here = [source for source in recipe.sources if not source.dataset]
    found = {source.name: SourceRows(source) for source in recipe.sources}
    with tempfile.TemporaryDirectory(prefix="g4tui-forecast-") as folder:
        run = RunDir(Path(folder))
        some = msgspec.structs.replace(recipe, sources=tuple(here))
        if here:
            files = files_of(Context(some, context.folder, run))
            tallies = gather(some, files, run.prompts, run.work("prompts"))
            notes += [
                f"{name}: gives nothing: {tally.why_nothing()}."
                for name, tally in tallies.items()
                if tally.taken == 0
            ]
            _count(found, tallies, read_rows(run.prompts, Prompt), recipe.train.max_length)
    for source in recipe.sources:
        if not source.dataset:
            continue
        known = recipe.forecast.rows.get(source.name)
        if known is None and source.cap is None:
            notes.append(f"{source.name}: how many rows it has is not known (forecast.rows).")
        guess = found[source.name]
        guess.guessed = True
        guess.rows = min(round((known or source.cap or 0) * source.sample), source.cap or 10**12)
        answer = min(ANSWER_TOKENS, recipe.forecast.tokens * 3 // 4)
        guess.tokens = guess.fit_tokens = guess.rows * recipe.forecast.tokens
        guess.fit = guess.rows
        if source.answers == "ask":
            guess.asked = guess.rows
            guess.asked_tokens = guess.rows * (recipe.forecast.tokens - answer)
    return list(found.values()), notes


def _count(
    found: dict[str, SourceRows],
    tallies: dict[str, SourceTally],
    rows: Iterable[Prompt | Broken],
    longest: int,
) -> None:
    for name, tally in tallies.items():
        found[name].rows, found[name].asked = tally.taken, tally.to_ask
    for row in rows:
        if isinstance(row, Broken):
            continue
        each = found[row.source.partition("/")[0]]
        asked = _tokens("".join(turn.content for turn in row.turns)) + _AROUND
        if isinstance(row.response, str):
            whole = asked + _tokens(row.response)
        else:
            each.asked_tokens += asked
            whole = asked + ANSWER_TOKENS
        each.tokens += whole
        if whole <= longest:
            each.fit += 1
            each.fit_tokens += whole


def trained_rows(context: Context, sources: Iterable[SourceRows]) -> Rows:
    """What clean leaves of them, as the recipe's forecast has it, and what fits into a row."""
    recipe = context.recipe
    share = 1 - recipe.clean.split.fraction
    train = held = tokens = held_tokens = 0.0
    for each in sources:
        stays = recipe.forecast.stays.get(each.source.name, 1.0)
        trained = 0.0 if each.source.held else stays * share
        train, held = train + each.fit * trained, held + each.fit * (stays - trained)
        tokens += each.fit_tokens * trained
        held_tokens += each.fit_tokens * (stays - trained)
    return Rows(round(train), round(held), round(tokens), round(held_tokens))


def cleaned_rows(context: Context) -> Rows:
    """What clean has written in this run already."""
    counts = []
    for file in (context.run.train, context.run.eval):
        rows = tokens = 0
        for row in read_rows(file, Prompt):
            if isinstance(row, Broken):
                continue
            text = "".join(turn.content for turn in row.turns)
            answer = row.response if isinstance(row.response, str) else ""
            size = _tokens(text) + _tokens(answer) + _AROUND
            if size <= context.recipe.train.max_length:
                rows, tokens = rows + 1, tokens + size
        counts.append((rows, tokens))
    (train, tokens), (held, held_tokens) = counts
    return Rows(train, held, tokens, held_tokens)


def _tokens(text: str) -> int:
    return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN
