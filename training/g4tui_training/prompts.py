"""The stage `prompts`: rows of all sources, each with licence and source, sampled, none twice."""

import hashlib
import heapq
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import msgspec
from msgspec import UNSET

from g4tui.core import G4tuiError
from g4tui_training.licences import forbidden_reason
from g4tui_training.lines import Broken
from g4tui_training.pairs import Prompt, Turn, asked, row_line
from g4tui_training.progress import Ticker
from g4tui_training.recipe import Recipe, Source
from g4tui_training.seen import Seen
from g4tui_training.sources.hub import dataset_files
from g4tui_training.sources.local import source_files
from g4tui_training.sources.reading import check_columns, is_wanted, read_drafts
from g4tui_training.sources.records import Draft
from g4tui_training.stages import Context, Stage
from g4tui_training.tally import SourceTally
from g4tui_training.writing import whole_file

_TOP = 1 << 64


class _Row(msgspec.Struct, frozen=True):
    """A draft with the digest of its text, and its draw: which rows a sample takes."""

    draw: int
    digest: bytes
    number: int
    draft: Draft


def gather(
    recipe: Recipe,
    files: Callable[[Source], list[Path]],
    out: Path,
    work: Path,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, SourceTally]:
    """Write the rows of every source to `out`; returns what became of each source's rows.

    A row's draw depends on the seed and its text alone, so the order of a file changes nothing.
    Raises `G4tuiError` (`usage`) where no source gave any row; `out` is then left as it was.
    """
    tallies = {source.name: SourceTally() for source in recipe.sources}
    ticker = Ticker(say)
    with whole_file(out) as stream, Seen(work / "seen") as seen, Seen(work / "ids") as ids:
        for source in recipe.sources:
            tally = tallies[source.name]
            for row in _chosen(recipe, source, files(source), tally, seen):
                stream.write(row_line(_prompt(source, row, ids)))
                tally.take(answered=row.draft.response is not None)
                ticker.tick(lambda: f"prompts: {sum(each.taken for each in tallies.values()):,}")
        if not any(tally.taken for tally in tallies.values()):
            raise _nothing(tallies)
    return tallies


def _chosen(
    recipe: Recipe, source: Source, files: list[Path], tally: SourceTally, seen: Seen
) -> Iterator[_Row]:
    """The rows to take, in the order of the files, none that `seen` has; they are added to it."""
    rows = _rows(recipe, source, files, tally)
    if source.cap is None:
        for row in rows:
            if seen.add(row.digest):
                yield row
            else:
                tally.duplicates += 1
        return
    # The `cap` smallest draws: a heap of the largest that are still in.
    heap: list[tuple[int, int, _Row]] = []
    held: set[bytes] = set()
    for row in rows:
        if row.digest in held or seen.has(row.digest):
            tally.duplicates += 1
            continue
        held.add(row.digest)
        heapq.heappush(heap, (-row.draw, -row.number, row))
        if len(heap) > source.cap:
            held.discard(heapq.heappop(heap)[2].digest)
            tally.over_cap += 1
    for row in sorted((row for _, _, row in heap), key=lambda row: row.number):
        seen.add(row.digest)
        yield row


def _rows(recipe: Recipe, source: Source, files: list[Path], tally: SourceTally) -> Iterator[_Row]:
    """Rows that the source's own settings and the recipe's licence let in."""
    for file in files:
        check_columns(source, file)
    key = hashlib.sha256(f"{recipe.seed}/{source.name}".encode()).digest()
    limit = int(source.sample * _TOP)
    drafts = chain.from_iterable(
        read_drafts(file, source.format, source.shape, source.columns) for file in files
    )
    for number, draft in enumerate(drafts):
        tally.read += 1
        if isinstance(draft, Broken):
            tally.broken(draft)
            continue
        if not is_wanted(source, draft):
            tally.unwanted += 1
            continue
        if not draft.turns or not draft.turns[-1].content.strip():
            tally.empty += 1
            continue
        if source.answers == "ask":
            draft = msgspec.structs.replace(draft, response=None)
        terms = draft.terms or source.terms
        if reason := forbidden_reason(recipe, draft.licence or source.licence, terms):
            tally.forbid(reason)
            continue
        digest = text_digest(draft.turns, draft.response)
        draw = int.from_bytes(hashlib.blake2b(digest, digest_size=8, key=key).digest())
        if draw >= limit:
            tally.not_sampled += 1
            continue
        yield _Row(draw, digest, number, draft)


def text_digest(turns: tuple[Turn, ...], response: str | None) -> bytes:
    """What two rows share that say the same: 16 bytes, space at the ends of texts left out."""
    texts = [(turn.role, turn.content.strip()) for turn in turns]
    said = msgspec.json.encode((texts, None if response is None else response.strip()))
    return hashlib.blake2b(said, digest_size=16).digest()


def _prompt(source: Source, row: _Row, ids: Seen) -> Prompt:
    draft = row.draft
    short = row.digest.hex()[:12]
    identity = f"{source.name}/{draft.id or short}"
    if not ids.add(identity.encode()):
        identity = f"{identity}~{short}"
        ids.add(identity.encode())
    prompt, messages = asked(draft.turns)
    answered = draft.response is not None
    return Prompt(
        id=identity,
        source=source_name(source.name, draft.source),
        licence=draft.licence or source.licence,
        prompt=prompt,
        messages=messages,
        terms=draft.terms or source.terms,
        teacher=(draft.teacher or source.teacher or UNSET) if answered else UNSET,
        response=UNSET if draft.response is None else draft.response,
        finish_reason=draft.finish_reason if answered else UNSET,
        created=draft.created if answered else UNSET,
        rank=UNSET if draft.rank is None or not answered else draft.rank,
        weight=UNSET if source.weight == 1.0 else source.weight,
    )


def source_name(name: str, within: str) -> str:
    """`NAME/VALUE`, the name not said twice."""
    within = within.removeprefix(f"{name}/").strip("/")
    return name if within in ("", name) else f"{name}/{within}"


def _nothing(tallies: dict[str, SourceTally]) -> G4tuiError:
    told = "; ".join(f"{name}: {tally.why_nothing()}" for name, tally in tallies.items())
    return G4tuiError(
        "usage",
        "No source gave a row",
        told or "The recipe names no source.",
        "See [[sources]] in the recipe.",
    )


def files_of(context: Context) -> Callable[[Source], list[Path]]:
    """Where each source's files are; a data set of the hub is downloaded when asked for, and votes
    are written down."""

    def files(source: Source) -> list[Path]:
        if source.votes:
            from g4tui_training.sources.votes import votes_file

            return [votes_file(source, context.run.votes(source.name))]
        return dataset_files(source) if source.dataset else source_files(source, context.folder)

    return files


def _inputs(context: Context) -> list[Path]:
    files = files_of(context)
    local = [source for source in context.recipe.sources if not source.dataset]
    return [file for source in local for file in files(source)]


def _settings(context: Context) -> object:
    recipe = context.recipe
    return {
        "seed": recipe.seed,
        "licence": recipe.licence,
        "allow_terms": recipe.allow_terms,
        "sources": recipe.sources,
    }


def _work(context: Context) -> dict[str, object]:
    tallies = gather(
        context.recipe,
        files_of(context),
        context.run.prompts,
        context.run.work("prompts"),
        context.say,
    )
    return {"sources": msgspec.to_builtins(tallies)}


PROMPTS = Stage(
    name="prompts",
    inputs=_inputs,
    outputs=lambda context: [context.run.prompts],
    settings=_settings,
    work=_work,
)
