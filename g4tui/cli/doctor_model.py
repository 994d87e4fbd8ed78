"""What `g4tui doctor` finds out about the default model and the files that were pulled."""

import asyncio
from collections.abc import Sequence

from g4tui.cli.app import App
from g4tui.cli.doctor_facts import ModelFacts
from g4tui.cli.extras import lacking
from g4tui.cli.models import all_models
from g4tui.core import G4tuiError, ModelInfo, ModelSpec, parse_model
from g4tui.engine.quarantine import Quarantine

_OTHER = "Choose another one: g4tui models, then g4tui config set chat.model MODEL"


def model_facts(app: App, problems: list[str]) -> ModelFacts:
    """Whether a new chat can begin; that it cannot is a problem."""
    name = app.settings.chat.model
    try:
        app.library.files()
        found = asyncio.run(all_models(app))
        facts = _judged(app, parse_model(name), found)
    except G4tuiError as error:
        problems.append(str(error))
        return ModelFacts(name, False, error.info.title, error.info.remedy)
    facts.default = name
    facts.ready_models = sum(model.ready for model in found)
    if not facts.ready:
        problems.append(
            f"The default model cannot be used\n{name}: {facts.detail or 'not ready'}.\n"
            f"{facts.remedy or _OTHER}"
        )
    return facts


def file_problems(app: App, *, deep: bool) -> list[str]:
    """Pulled files that are not what was pulled; `deep` reads each whole."""
    try:
        files = app.library.files()
    except G4tuiError:
        return []  # the models folder cannot be read: told with the default model
    problems = []
    for file in files:
        try:
            doubt = app.library.doubt(file, deep=deep)
        except G4tuiError as error:
            problems.append(str(error))
            continue
        if doubt:
            problems.append(
                f"A model file is not what was pulled\n{file.path}: {doubt}.\n"
                f"Delete it and pull it again: g4tui models rm {file.name}"
            )
    return problems


def _judged(app: App, spec: ModelSpec, found: Sequence[ModelInfo]) -> ModelFacts:
    base = spec.base.id
    place = base.partition(":")[0]
    # A backend that cannot list anything says so under its own name, and its remedy comes first.
    for name in (spec.id, base, f"{place}:", f"{spec.backend}:"):
        for model in found:
            if model.id == name:
                return ModelFacts(name, model.ready, model.detail, model.remedy)
    if app.plugins.backend(spec.backend).runs == "loop":
        return _unlisted(base, [model for model in found if model.id.partition(":")[0] == place])
    return _file(app, spec)


def _unlisted(name: str, others: Sequence[ModelInfo]) -> ModelFacts:
    """A server's list need not be whole: it is as ready as the models that it lists."""
    if not others:
        return ModelFacts(name, False, "its server lists no models", "Is it running? " + _OTHER)
    best = max(others, key=lambda model: model.ready)
    return ModelFacts(name, best.ready, best.detail, best.remedy)


def _file(app: App, spec: ModelSpec) -> ModelFacts:
    """A model that is named by its path, or that is not here."""
    base = spec.base.id
    try:
        file = app.library.find(spec.model)
    except G4tuiError as error:
        remedy = error.info.remedy
        remedy = f"Pull it: {remedy}" if remedy.startswith("g4tui models pull") else _OTHER
        detail = "not on this machine"
        if extra := lacking(app.plugins.reports(), spec.backend):
            detail += f", nor is {', '.join(extra.missing)}, which would run it"
            remedy = f"Add that first: {extra.line}\n{remedy}"
        return ModelFacts(base, False, detail, remedy)
    if file.error:
        return ModelFacts(base, False, f"{file.path}: {file.error}", _OTHER)
    if Quarantine(app.paths.quarantine_file).holds(base):
        remedy = f"Release it with: g4tui models release {base}"
        return ModelFacts(base, False, "held back after two crashes", remedy)
    return ModelFacts(base, True)
