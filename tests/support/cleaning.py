"""`clean` called on rows or files, and what it left."""

from pathlib import Path
from typing import Any

from g4tui_training.clean.funnel import Funnel
from g4tui_training.clean.pipeline import CLEAN_FILES, Cleaning, clean
from g4tui_training.clean.rules import Policy
from support.pairs import by_rule, ids, write_rows

Rows = list[dict[str, Any]]


def cleaned(folder: Path, rows: Rows, policy: Policy | None = None, **more: Any) -> Funnel:
    file = write_rows(folder / "in.jsonl", rows)
    return clean_files(folder, [file], policy, **more)


def clean_files(
    folder: Path, files: list[Path], policy: Policy | None = None, **more: Any
) -> Funnel:
    task = Cleaning(files, folder / "clean", folder / "work", policy or Policy(), **more)
    return clean(task)


def kept(folder: Path) -> set[str]:
    train, held = ids(folder / "clean" / "train.jsonl"), ids(folder / "clean" / "eval.jsonl")
    assert not train & held
    return train | held


def dropped(folder: Path) -> dict[str, list[str]]:
    return by_rule(folder / "clean" / "ledger.jsonl")


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "clean" / name).read_bytes() for name in CLEAN_FILES}
