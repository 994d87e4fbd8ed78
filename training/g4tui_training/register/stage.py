"""`register` as a stage: published files become models that the chat lists, with their card."""

import filecmp
import shutil
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError, ModelSpec
from g4tui.formats import read_gguf
from g4tui.models import Library
from g4tui.models.registry import Registry
from g4tui.paths import Paths
from g4tui_training.export.publish import VERDICTS, published
from g4tui_training.export.stage import base_of
from g4tui_training.run import RunDir
from g4tui_training.stages import Context, Stage
from g4tui_training.writing import disk_error, write_whole


class Registered(msgspec.Struct, frozen=True):
    """registered.json: what to open, by the chat's names; `base` is empty where it has no file."""

    models: tuple[str, ...]
    base: str = ""


def registered_file(run: RunDir) -> Path:
    """What was registered."""
    return run.report / "registered.json"


def _card(context: Context) -> Path:
    return (context.run.report / "model_card.md").absolute()


def register(files: list[Path], card: Path, paths: Paths, base: Path | None) -> Registered:
    """Register files with their card; returns the names to open.

    A LoRA of a few MB is copied beside its base, where the chat looks for it; a merged file stays
    where it is. Raises `G4tuiError` of kind `usage` for a name that another model has.
    """
    library = Library(paths)
    base_name = _name_of(base, library) if base else ""
    models = []
    for file in files:
        if not read_gguf(file).is_adapter:
            found = library.register(file, file.stem, str(card))
            models.append(ModelSpec("llama-cpp", found.name).id)
        elif base is not None:
            target = _beside(file, base, card, paths)
            library.register(target, file.stem, str(card), base)
            models.append(ModelSpec("llama-cpp", base_name, adapters=(str(target),)).id)
    return Registered(tuple(models), ModelSpec("llama-cpp", base_name).id if base_name else "")


def _name_of(file: Path, library: Library) -> str:
    """The base's name in the list; its path where it is not listed."""
    return next((each.name for each in library.files() if each.path == str(file)), str(file))


def _beside(file: Path, base: Path, card: Path, paths: Paths) -> Path:
    inside = base.parent == paths.models
    target = (paths.models if inside else file.parent).absolute() / file.name
    known = Registry(paths.models / "registry.json").read().get(file.stem)
    if target == file.absolute():
        return target
    if target.is_file() and filecmp.cmp(file, target, shallow=False):
        return target  # of a register that was killed before it told the library
    if target.exists() and (known is None or known.card != str(card)):
        raise G4tuiError(
            "usage",
            f"There is a model called {file.stem} already",
            f"It is {target}.",
            f"Give the student another name, [export] name, or first: g4tui models rm {file.stem}",
        )
    try:
        draft = target.with_name(f".{target.name}.part")
        shutil.copyfile(file, draft)
        draft.replace(target)
    except OSError as error:
        raise disk_error(target, error) from error
    return target


def _inputs(context: Context) -> list[Path]:
    return [context.run.gguf / VERDICTS, *published(context.run), _card(context)]


def _outputs(context: Context) -> list[Path]:
    return [registered_file(context.run)]


def _settings(context: Context) -> object:
    return {"models": str(Paths.from_environment().models)}


def _work(context: Context) -> dict[str, object]:
    paths, files = Paths.from_environment(), published(context.run)
    base = base_of(context).gguf_file
    made = register(files, _card(context), paths, base.absolute() if base else None)
    write_whole(registered_file(context.run), msgspec.json.encode(made))
    return {"models": list(made.models)}


REGISTER = Stage(name="register", inputs=_inputs, outputs=_outputs, settings=_settings, work=_work)
