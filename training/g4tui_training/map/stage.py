"""`map` as a stage of a run, and for any files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.cli import load
from g4tui_training.map.rows import spots
from g4tui_training.recipe import Map
from g4tui_training.run import RunDir
from g4tui_training.stages import Context, Stage
from g4tui_training.writing import whole_file


def draw_map(
    files: Sequence[Path], out: Path, title: str, how: Map, seed: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Write the page, and beside it a parquet file with x and y; counts of rows.

    Raises `G4tuiError`.
    """
    if out.suffix.lower() != ".html":
        detail = f"{out} does not end in .html."
        raise G4tuiError("usage", "A map is a page", detail, f"--out {out.with_suffix('.html')}")
    found, total = spots(files, how.rows)
    if len(found) < 2:
        raise G4tuiError("usage", "There is nothing to map", "The files have fewer than two rows.")
    columns = {name for spot in found for name in spot.columns}
    if how.colour not in columns:
        guess = did_you_mean(how.colour, columns) or f"The columns: {', '.join(sorted(columns))}."
        raise G4tuiError("usage", f"No row has a column {how.colour}", guess)
    from g4tui_training.map.page import page

    place: Callable[[list[str], str, int], list[list[float]]] = load(
        "g4tui_training.map.placing", "placed"
    )
    vectors = how.model or "their words"
    say(f"map: {len(found):,} of {total:,} rows, by {vectors}.")
    with whole_file(out) as stream:  # a disk that refuses does so before the work
        xy = place([spot.prompt for spot in found], how.model, seed)
        stream.write(page(found, xy, title, how.colour).encode())
    _write_parquet(out.with_suffix(".parquet"), [spot.id for spot in found], xy)
    return {"rows": total, "shown": len(found), "vectors": vectors}


def map_stage() -> Stage:
    """The stage: what `clean` kept and dropped, else the run's pairs or prompts."""

    def work(context: Context) -> dict[str, object]:
        run, recipe = context.run, context.recipe
        title = recipe.report.title or recipe.name
        return draw_map(rows_of(run), run.map, title, recipe.map, recipe.seed, context.say)

    return Stage(
        name="map",
        inputs=lambda context: rows_of(context.run),
        outputs=lambda context: [context.run.map, context.run.map.with_suffix(".parquet")],
        settings=lambda context: {"map": context.recipe.map, "seed": context.recipe.seed},
        work=work,
    )


def rows_of(run: RunDir) -> list[Path]:
    """The furthest that the run has come. Raises `G4tuiError` where it has not begun."""
    cleaned = [run.train, run.eval, run.ledger]
    for files in (cleaned, [run.pairs], [run.prompts]):
        if all(file.is_file() for file in files):
            return files
    raise G4tuiError(
        "missing",
        "There is nothing to map",
        f"{run.root} has no prompts.jsonl.",
        "Run the stages before it, or give files with --in.",
    )


def _write_parquet(file: Path, ids: list[str], xy: list[list[float]]) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    table = arrow.table({"id": ids, "x": [x for x, _ in xy], "y": [y for _, y in xy]})
    with whole_file(file) as out:
        parquet.write_table(table, out, compression="zstd")
