"""Which keys of a recipe decide what a stage makes."""

from collections.abc import Iterator, Mapping

import msgspec

from g4tui_training.recipe import Collect, Recipe


def deciding(recipe: Recipe, stage: str) -> dict[str, object]:
    """What of a recipe decides a stage's result, as plain JSON values by dotted key."""
    match stage:
        case "prompts":
            sources = {source.name: source for source in recipe.sources}
            found: object = {
                "seed": recipe.seed,
                "licence": recipe.licence,
                "allow_terms": recipe.allow_terms,
                "sources": sources,
            }
        case "collect":
            asked = recipe.collect
            found = {"collect": Collect(asked.teacher, asked.terms, asked.system, asked.params)}
        case "train":
            # How often it saves decides nothing.
            found = {"train": msgspec.structs.replace(recipe.train, checkpoint_minutes=1.0)}
        case "clean" | "export" | "evaluate":
            found = {stage: getattr(recipe, stage)}
        case _:
            found = {}
    plain = msgspec.to_builtins(found)
    assert isinstance(plain, dict)
    return dict(_flat(plain, ""))


def _flat(table: Mapping[str, object], above: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, list(value) if isinstance(value, tuple) else value
