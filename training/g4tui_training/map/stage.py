"""`map` as a stage of a run, and for any files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.cli import load
from g4tui_training.map.rows import spots
from g4tui_training.run import RunDir
from g4tui_training.stages import Context, Stage
from g4tui_training.writing import disk_error, write_whole

MOST_ROWS = 20_000


def draw_map(
    files: Sequence[Path],
    out: Path,
    *,
    title: str,
    model: str = "",
    colour: str = "source",
    seed: int = 1,
    most: int = MOST_ROWS,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, object]:
    """Write the page, and beside it a parquet file with x and y; counts of rows.

    `model`: whose vectors to use; empty: words. Raises `G4tuiError`.
    """
    found, total = spots(files, most)
    if len(found) < 2:
        raise G4tuiError("usage", "There is nothing to map", "The files have fewer than two rows.")
    from g4tui_training.map.page import page

    place: Callable[[list[str], str, int], list[list[float]]] = load(
        "g4tui_training.map.placing", "placed"
    )
    how = model or "their words"
    say(f"map: {len(found):,} of {total:,} rows, by {how}.")
    xy = place([spot.prompt for spot in found], model, seed)
    write_whole(out, page(found, xy, title, colour).encode())
    _write_parquet(out.with_suffix(".parquet"), [spot.id for spot in found], xy)
    return {"rows": total, "shown": len(found), "vectors": how}


def map_stage() -> Stage:
    """The stage: what `clean` kept and dropped, else the run's pairs or prompts."""

    def work(context: Context) -> dict[str, object]:
        run, recipe = context.run, context.recipe
        title, model = recipe.report.title or recipe.name, recipe.map.model
        return draw_map(
            rows_of(run),
            run.map,
            title=title,
            model=model,
            colour=recipe.map.colour,
            seed=recipe.seed,
            most=recipe.map.rows,
            say=context.say,
        )

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
    draft = file.with_name(f".{file.name}.part")
    try:
        parquet.write_table(table, draft, compression="zstd")
        draft.replace(file)
    except OSError as error:
        raise disk_error(file, error) from error
    finally:
        draft.unlink(missing_ok=True)
