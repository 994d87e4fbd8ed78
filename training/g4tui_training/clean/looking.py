"""`why` and `undo`: what became of one row, and a run without one of its rules."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.clean.funnel import Funnel
from g4tui_training.clean.ledger import Dropped, Unreadable
from g4tui_training.clean.pipeline import Cleaning, clean
from g4tui_training.clean.stage import (
    PARQUET,
    UNDONE,
    cores,
    counts_of,
    read_funnel,
    read_undone,
    write_parquet,
)
from g4tui_training.lines import Broken, read_lines
from g4tui_training.loading import REQUIRED_RULES, RULES
from g4tui_training.pairs import Pair
from g4tui_training.run import RunDir
from g4tui_training.stages import forget_record, update_record
from g4tui_training.writing import finish_set, write_whole


class Found(msgspec.Struct, frozen=True):
    """One place where an id stands. `where`: train, eval or ledger (then `dropped` is set)."""

    where: str
    pair: Pair | None = None
    dropped: Dropped | None = None
    unreadable: Unreadable | None = None


def find_row(run: RunDir, identity: str) -> list[Found]:
    """Every place of an id in what `clean` wrote; several rows may have had one id."""
    finish_set(run.clean)
    read_funnel(run)
    found = [
        Found(file.stem, pair=msgspec.json.decode(line, type=Pair))
        for file in (run.train, run.eval)
        for line in _lines_with(file, identity)
    ]
    for line in _lines_with(run.ledger, identity):
        dropped = msgspec.json.decode(line, type=Dropped)
        content = dropped.content()
        if isinstance(content, Unreadable):
            found.append(Found("ledger", dropped=dropped, unreadable=content))
        else:
            found.append(Found("ledger", pair=content, dropped=dropped))
    return found


def undo(run: RunDir, rule: str, say: Callable[[str], None], *, back: bool = False) -> Funnel:
    """Clean again from what is there, the ledger included, without `rule` (`back`: with it).

    The run remembers it, so that later runs leave the rule out too. The caller holds the run's
    lock. Raises `G4tuiError` (`usage`) for no such rule, or one that cannot be left out.
    """
    if rule not in RULES:
        guess = did_you_mean(rule, RULES) or f"The rules: {', '.join(RULES)}."
        raise G4tuiError("usage", f"There is no rule {rule}", guess)
    if rule in REQUIRED_RULES:
        raise G4tuiError(
            "usage",
            f"The rule {rule} cannot be undone",
            "What it drops has nothing to learn from.",
        )
    finish_set(run.clean)
    before = read_funnel(run)
    undone = set(read_undone(run))
    if back and rule not in undone:
        raise G4tuiError("usage", f"The rule {rule} was not undone", "It is applied as it was.")
    undone = undone - {rule} if back else undone | {rule}
    off = tuple(sorted({*before.off} - {rule} if back else {*before.off, rule}))
    policy = msgspec.structs.replace(
        before.policy, clean=msgspec.structs.replace(before.policy.clean, off=off)
    )
    record = run.manifest().stages.get("clean")
    forget_record(run, "clean")
    funnel = clean(
        Cleaning(
            files=[run.train, run.eval, run.ledger],
            out=run.clean,
            work=run.work("clean"),
            policy=policy,
            seed=before.seed,
            actions=before.actions,
            jobs=cores(),
            say=say,
        )
    )
    write_whole(run.clean / UNDONE, msgspec.json.encode(sorted(undone)))
    if all((run.clean / name).is_file() for name in PARQUET):
        write_parquet(run)
    if record is not None:
        settings = dict(msgspec.convert(record.settings, dict[str, object]), policy=policy)
        update_record(run, "clean", record, settings, counts_of(funnel))
    return funnel


def _lines_with(file: Path, identity: str) -> Iterator[bytes]:
    """Lines of rows with this id: `id` is the first key that we write."""
    wanted = b'{"id":' + msgspec.json.encode(identity) + b","
    for line in read_lines(file):
        if not isinstance(line, Broken) and line.data.startswith(wanted):
            yield line.data
