"""Reading a recipe, and saying what is wrong with it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import inspect
from msgspec.structs import fields

from g4tui.config.params import check_params
from g4tui.config.tables import (
    Table,
    Unknown,
    kind_at,
    read_table,
    readable,
    unknown_key,
    with_choices,
)
from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui_training.changes import with_changes
from g4tui_training.recipe import Collect, Recipe, Source

RULES = (
    "unparsable",
    "empty",
    "licence",
    "malformed",
    "too_long",
    "refusal",
    "cut_off",
    "echo",
    "language",
    "contamination",
    "dropped",
    "exact_duplicate",
    "low_diversity",
    "near_duplicate",
)
ELSEWHERE = {
    "model_name_or_path": "train.base",
    "base_model": "train.base",
    "model": "train.base",
    "lora": "train",
    "training": "train",
    "lr": "train.learning_rate",
    "lora_r": "train.rank",
    "lora_rank": "train.rank",
    "lora_alpha": "train.alpha",
    "lora_dropout": "train.dropout",
    "lora_target": "train.targets",
    "lora_target_modules": "train.targets",
    "cutoff_len": "train.max_length",
    "sequence_len": "train.max_length",
    "max_seq_length": "train.max_length",
    "sample_packing": "train.packing",
    "num_epochs": "train.epochs",
    "num_train_epochs": "train.epochs",
    "lr_scheduler": "train.schedule",
    "lr_scheduler_type": "train.schedule",
    "warmup_ratio": "train.warmup",
    "warmup_steps": "train.warmup",
    "bf16": "train.precision",
    "fp16": "train.precision",
    "save_steps": "train.checkpoint_minutes",
    "eval_steps": "train.evaluate_every",
    "per_device_train_batch_size": "train.batch, the rows of one step",
    "micro_batch_size": "train.batch, the rows of one step",
    "gradient_accumulation_steps": "train.batch, the rows of one step",
    "val_set_size": "clean.split.fraction",
    "val_size": "clean.split.fraction",
    "dataset": "a [[sources]] table with its path or dataset",
    "datasets": "a [[sources]] table with its path or dataset",
    "output_dir": "the option --out",
}
"""What keys of other trainers' recipes are called here."""
REQUIRED_RULES = ("unparsable", "empty")


class Wrong(NamedTuple):
    """What keeps a table from being a recipe."""

    title: str
    detail: str


def load_recipe(file: Path, changes: Sequence[str] = ()) -> Recipe:
    """A recipe, checked; each `KEY=VALUE` of `changes` goes over what it says.

    Raises `G4tuiError`: `missing`, or `config` with file, key and remedy.
    """
    if not file.is_file():
        raise G4tuiError(
            "missing",
            f"There is no recipe {file.name}",
            f"{file} is not a file.",
            f"Write one with: g4tui-train init {file}",
        )
    table = read_table(file)
    checked = _checked(with_changes(table, changes))
    if isinstance(checked, Wrong):
        raise _told(checked, _culprit(file, table, changes))
    recipe = checked
    # A table that leaves out max_tokens means the default too: without it nothing bounds the cost.
    params = Collect().params.merged(recipe.collect.params)
    collect = msgspec.structs.replace(recipe.collect, params=params)
    return msgspec.structs.replace(recipe, collect=collect)


def recipe_text(file: Path, changes: Sequence[str] = ()) -> bytes:
    """The recipe as it runs: the file itself, or with its changes written into it."""
    if not changes:
        return file.read_bytes()
    import tomli_w

    told = "".join(f"#   --set {change}\n" for change in changes)
    table = with_changes(read_table(file), changes)
    return f"# {file.name}, changed by\n{told}\n{tomli_w.dumps(table)}".encode()


def _checked(table: Table) -> Recipe | Wrong:
    if unknown := _unknown_key(table):
        where, found = unknown
        return Wrong(f"Unknown key {where}", _meant(found))
    try:
        recipe = msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        problem = with_choices(readable(error), Recipe)
        return Wrong("A value in the recipe is wrong", _named(problem, table))
    problem = _problem(recipe)
    return Wrong("The recipe does not fit together", problem) if problem else recipe


def _culprit(file: Path, table: Table, changes: Sequence[str]) -> str:
    """Where to mend it: the file, or the change without which all was well."""
    well = isinstance(_checked(table), Recipe)
    for count, change in enumerate(changes, 1):
        was_well, well = well, isinstance(_checked(with_changes(table, changes[:count])), Recipe)
        if was_well and not well:
            return f"--set {change}"
    return str(file)


def _told(wrong: Wrong, where: str) -> G4tuiError:
    return G4tuiError("config", wrong.title, f"{where}: {wrong.detail}", f"Correct {where}.")


def _unknown_key(table: Table) -> tuple[str, Unknown] | None:
    """The first key that no recipe has, and how to write where it stands."""
    sources = table.get("sources")
    if isinstance(sources, list):
        for number, source in enumerate(sources):
            if isinstance(source, dict) and (unknown := unknown_key(source, Source)):
                name = source.get("name", number + 1)
                return f"{'.'.join(unknown.key)} in the source {name}", unknown
    rest = {key: value for key, value in table.items() if key != "sources"}
    unknown = unknown_key(rest, Recipe)
    return (".".join(unknown.key), unknown) if unknown else None


def _meant(unknown: Unknown) -> str:
    """What may have been meant by a key that is not known."""
    key = unknown.key[-1]
    if other := ELSEWHERE.get(key.lower()):
        return f"Here that is {other}."
    if len(unknown.key) == 1 and (places := _places(key)):
        return f"Here that is {' or '.join(places)}."
    known = f"Known here: {', '.join(unknown.known)}."
    return did_you_mean(key, unknown.known) or known


def _places(key: str) -> list[str]:
    """The recipe's tables that have the key, as `train.rank`: tables are often forgotten."""
    tables = [(field.name, kind_at(Recipe, (field.name,))) for field in fields(Recipe)]
    return [
        f"{name}.{key}"
        for name, kind in tables
        if isinstance(kind, inspect.StructType) and key in {each.name for each in kind.fields}
    ]


def _named(problem: str, table: Table) -> str:
    """`sources[2].cap: ...` with the source's name in place of its number."""
    match = re.match(r"sources\[(\d+)\]\.?", problem)
    sources = table.get("sources")
    if match and isinstance(sources, list):
        source = sources[int(match[1])]
        name = source.get("name") if isinstance(source, dict) else None
        if name:
            rest = problem[match.end() :]
            problem = f"source {name}{'' if rest.startswith(':') else ', '}{rest}"
    return problem.rstrip(".") + "."


def _problem(recipe: Recipe) -> str:
    names = [source.name for source in recipe.sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"two sources have the name {twice[0]}."
    for source in recipe.sources:
        if sum((bool(source.path), bool(source.dataset), source.votes)) != 1:
            return f"the source {source.name} needs one of path, dataset and votes."
        if re.match(r"CC-BY(-SA)?-\d", source.licence) and not source.attribution:
            return f"the source {source.name} is under {source.licence}: say its attribution."
    collect = recipe.collect
    if (collect.usd_per_million_in is None) != (collect.usd_per_million_out is None):
        return "collect.usd_per_million_in and usd_per_million_out go together; 0 is for free."
    if wrong := check_params(recipe.collect.params):
        return f"collect.params.{wrong}"
    for rule in recipe.clean.off:
        if rule not in RULES:
            return f"clean.off names no rule: {rule}. {did_you_mean(rule, RULES)}".strip()
        if rule in REQUIRED_RULES:
            return f"the rule {rule} cannot be off: such a row has nothing to learn from."
    for pattern in recipe.clean.refusal.extra:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"clean.refusal.extra: {pattern!r} is no regular expression ({error})."
    return ""
