"""What the model picker lists: models at hand by where they run, then those that can be pulled."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from g4tui.core import ModelInfo
from g4tui.sanitize import clean_line
from g4tui.tui import words

if TYPE_CHECKING:
    from g4tui.models import CatalogueEntry

COLUMNS = (("size", 8), ("context", 9), ("memory", 9), ("", 12))
"""The columns after the title, and their widths in cells."""
LEAD = 3
HERE = "On this machine"


class ModelRow(NamedTuple):
    """A model, or a heading (`key` empty). `pull` is the catalogue's name of one not here yet."""

    key: str
    title: str
    size: str = ""
    context: str = ""
    memory: str = ""
    state: str = ""
    details: tuple[str, ...] = ()
    ready: bool = False
    held: bool = False
    needs_key: bool = False
    current: bool = False
    pull: str = ""

    @property
    def selectable(self) -> bool:
        return bool(self.key)

    def content(self, width: int) -> Content:
        if not self.key:
            return Content.styled(self.title, "$foreground-muted bold")
        room = width - LEAD - sum(cells for _, cells in COLUMNS)
        title = Content(self.title).truncate(max(8, room), ellipsis=True)
        title = title.pad_right(max(0, room - title.cell_length))
        cells = (self.size, self.context, self.memory, self.state)
        facts = "".join(
            text[:width].rjust(width) for text, (_, width) in zip(cells, COLUMNS, strict=True)
        )
        line = Content.assemble(" › " if self.current else "   ", title, facts)
        line = line.stylize("bold") if self.current else line
        return line if self.ready or self.pull else line.stylize("$foreground-muted")


def header(width: int) -> Content:
    """The names of the columns."""
    room = width - sum(cells for _, cells in COLUMNS)
    names = "".join(name.rjust(cells) for name, cells in COLUMNS)
    return Content.styled("   Model".ljust(max(8, room)) + names, "$foreground-muted")


def model_rows(
    models: Sequence[ModelInfo],
    catalogue: "Sequence[CatalogueEntry]",
    *,
    current: str,
    default: str,
    held: Callable[[str], bool],
    destination: Callable[[ModelInfo], str],
    query: str = "",
) -> list[ModelRow]:
    """The rows that match every word of `query`, grouped under headings."""
    here = {model.id for model in models}
    pulls = [_entry(entry) for entry in catalogue if f"llama-cpp:{entry.name}" not in here]
    groups: dict[str, list[ModelRow]] = {HERE: [], "Can be pulled": pulls}
    for model in models:
        place = HERE
        if not model.local:
            place = f"{destination(model) or model.backend}: what you write is sent there"
        row = _model(model, current, default, held(model.id))
        groups.setdefault(clean_line(place), []).append(row)
    wanted = query.casefold().split()
    rows: list[ModelRow] = []
    for heading, members in groups.items():
        found = [row for row in members if _matches(row, heading, wanted)]
        if found:
            # A sort is stable: what can be used now comes first, else as it was listed.
            rows += [ModelRow("", heading), *sorted(found, key=lambda row: not row.ready)]
    return rows


def _matches(row: ModelRow, heading: str, wanted: Iterable[str]) -> bool:
    text = f"{row.title} {row.key} {heading}".casefold()
    return all(word in text for word in wanted)


def _model(model: ModelInfo, current: str, default: str, held: bool) -> ModelRow:
    is_default = model.id == default
    state = "ready" if model.ready else clean_line(model.detail) or "not ready"
    if held:
        state = "held back"
    elif not model.ready and len(state) > COLUMNS[-1][1] - 1:
        state = "not ready"
    facts = [clean_line(model.id)]
    facts += [f"licence {clean_line(model.licence)}"] if model.licence else []
    facts += ["the default for new chats"] if is_default else []
    details = [" · ".join(facts), clean_line(model.detail)]
    details += [f"Its card: {clean_line(model.card)}"] if model.card else []
    details.append("^r releases it." if held else clean_line(model.remedy))
    return ModelRow(
        model.id,
        clean_line(model.title or model.id) + (" (default)" if is_default else ""),
        words.size(model.size_bytes) if model.size_bytes else "",
        context_text(model.context),
        words.size(model.ram_bytes) if model.ram_bytes else "",
        state,
        tuple(filter(None, details)),
        ready=model.ready,
        held=held,
        needs_key=not model.ready and "g4tui keys set" in model.remedy,
        current=model.id == current,
    )


def _entry(entry: "CatalogueEntry") -> ModelRow:
    size = words.size(entry.size_bytes) if entry.exact else f"about {words.size(entry.size_bytes)}"
    note = (entry.note,) if entry.note else ()
    return ModelRow(
        f"pull {entry.name}",
        clean_line(entry.title),
        words.size(entry.size_bytes),
        context_text(entry.context),
        words.size(entry.ram_bytes),
        "pull",
        (f"{size} to download · licence {clean_line(entry.licence)}", *note, entry.source),
        pull=entry.name,
    )


def context_text(context: int | None) -> str:
    """Tokens as makers of models write them: `2048`, `40k` (40,960), `128k`, `1.0M`."""
    if not context:
        return ""
    if context < 8192:
        return str(context)
    if context % 1024 == 0 and context % 1000 and context < 1 << 20:
        return f"{context // 1024}k"
    return f"{context / 1e6:.1f}M" if context >= 1_000_000 else f"{context / 1000:.0f}k"
