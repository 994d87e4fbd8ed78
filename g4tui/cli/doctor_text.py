"""`g4tui doctor` for people."""

from g4tui.cli.doctor_facts import DoctorFacts, ExtraFacts, ModelFacts
from g4tui.cli.output import moment, size, table


def told(facts: DoctorFacts) -> str:
    """Everything, what wants mending last."""
    parts = [
        f"g4tui {facts.g4tui}, Python {facts.python.version}, {facts.platform}\n"
        f"{facts.python.executable}",
        table([_extra_row(extra) for extra in facts.extras], ("OPTIONAL PART", "", "")),
        table(
            [
                (path.name, size(path.size_bytes), "" if path.writable else "read-only", path.path)
                for path in facts.paths
            ],
            ("FOLDER", "SIZE", "", ""),
        ),
        table(
            [
                (str(each["name"]), str(each["version"]), str(each["status"]))
                for each in facts.plugins
            ],
            ("PLUGIN", "VERSION", "STATUS"),
        ),
        _model(facts.model),
        _library(facts),
        "\n".join(f"key for {key.origin} in the {key.place}" for key in facts.keys) or "no keys",
    ]
    parts += [f"Note: {note}" for note in facts.notes]
    parts += [f"Problem: {problem}" for problem in facts.problems] or ["No problem was found."]
    return "\n\n".join(parts)


def _extra_row(extra: ExtraFacts) -> tuple[str, str, str]:
    if extra.add is None:
        versions = ", ".join(f"{name} {found}" for name, found in extra.packages.items())
        return extra.name, "installed", versions
    return extra.name, "missing", f"add it: {extra.add}"


def _model(model: ModelFacts) -> str:
    state = "ready" if model.ready else model.detail or "not ready"
    lines = [f"model {model.default}: {state}"]
    if model.remedy and not model.ready:
        lines.append(model.remedy)
    lines.append(f"models ready in all: {model.ready_models}")
    return "\n".join(lines)


def _library(facts: DoctorFacts) -> str:
    library = facts.library
    if library.size_bytes is None:
        return "library: none yet"
    count = "?" if library.sessions is None else str(library.sessions)
    newest = "none yet"
    if library.newest_backup is not None:
        newest = f"newest {moment(library.newest_backup)}"
    return table(
        [
            ("sessions", count, size(library.size_bytes), f"check: {library.check}"),
            ("in the bin", str(library.in_bin), size(library.in_bin_bytes), "of text"),
            ("backups", str(library.backups), size(library.backups_bytes), newest),
            ("kept for models", str(library.states), size(library.states_bytes), "may be deleted"),
        ],
        ("LIBRARY", "", "SIZE", ""),
    )
