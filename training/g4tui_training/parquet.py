"""Pairs as parquet, for other tools; `clean` and `prompts` read it back."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.lines import Broken
from g4tui_training.pairs import Pair, read_rows
from g4tui_training.sources.formats import PARQUET_EXTRA
from g4tui_training.writing import whole_file

_BATCH = 4096


def pairs_to_parquet(source: Path, target: Path) -> None:
    """Write the pairs of a JSON-lines file, batch by batch."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise G4tuiError(
            "missing",
            "Writing parquet needs pyarrow",
            f"{target.name} was asked for.",
            PARQUET_EXTRA,
        ) from error
    text, number = arrow.string(), arrow.float64()
    turn = arrow.struct([("role", text), ("content", text)])
    fields = [(name, text) for name in ("id", "source", "licence", "teacher", "prompt")]
    fields += [("messages", arrow.list_(turn)), ("response", text), ("finish_reason", text)]
    fields += [("terms", text), ("created", number), ("rank", number), ("weight", number)]
    schema = arrow.schema([*fields, ("labels", arrow.list_(text))])
    rows = _plain(source)
    with (
        whole_file(target) as out,
        parquet.ParquetWriter(out, schema, compression="zstd") as writer,
    ):
        while batch := list(islice(rows, _BATCH)):
            writer.write_table(arrow.Table.from_pylist(batch, schema=schema))


def _plain(source: Path) -> Iterator[dict[str, object]]:
    for row in read_rows(source, Pair):
        if isinstance(row, Broken):
            raise G4tuiError(
                "storage", f"{source.name} is damaged", f"{row.reason} ({row.excerpt})."
            )
        plain: dict[str, object] = msgspec.to_builtins(row)
        yield plain
