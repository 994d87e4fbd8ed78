"""F1: every key that works on the screen below, read from its live bindings."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual.app import App
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from g4tui.sanitize import clean_line
from g4tui.tui.bindings import ACTIONS
from g4tui.tui.screens.dialog import Dialog

TITLES = {
    "app": "Anywhere",
    "chat": "Chat",
    "prompt": "While you type",
    "transcript": "When the messages have the focus",
    "compare": "Comparing",
    "pane": "When an answer of a comparison has the focus",
    "sessions": "When the chat list has the focus",
}
NOTES = {
    TITLES["pane"]: "Left and right are the two answers that were looked at last: of tabs, and of "
    "more than two answers, the titles have the key that votes for them."
}
OTHER = "On this screen"
KEYS_WIDTH = 17


class Key(NamedTuple):
    """One action: the keys as they are shown, and what it does."""

    keys: str
    label: str


def keys_of(screen: Screen[object]) -> dict[str, list[Key]]:
    """What the keys of a screen and its widgets do, by group, remapped keys as they are now.

    Only bindings with an id count: those are the program's own, the rest are the small moves
    inside of text fields and lists.
    """
    groups: dict[str, dict[str, tuple[list[str], str]]] = {}
    for node in _nodes(screen):
        for binding in _bindings(screen.app, node):
            if not binding.id:
                continue
            group = TITLES.get(binding.id.partition(".")[0], OTHER)
            label = clean_line(binding.description)
            shown, _ = groups.setdefault(group, {}).setdefault(binding.id, ([], label))
            display = screen.app.get_key_display(binding)
            if display not in shown:
                shown.append(display)
    order = [*TITLES.values(), OTHER]
    return {
        group: [Key(" ".join(keys), label) for _, (keys, label) in _in_table_order(groups[group])]
        for group in sorted(groups, key=order.index)
    }


def _in_table_order(
    actions: dict[str, tuple[list[str], str]],
) -> list[tuple[str, tuple[list[str], str]]]:
    """A remapped action keeps its place."""
    places = {action.id: place for place, action in enumerate(ACTIONS)}
    return sorted(actions.items(), key=lambda item: places.get(item[0], len(places)))


def _nodes(screen: Screen[object]) -> Iterator[DOMNode]:
    if not screen.is_modal:
        yield screen.app
    yield screen
    yield from screen.walk_children(Widget)


def _group_of(focused: DOMNode | None) -> str:
    """Where the keys of what has the focus are listed."""
    for node in focused.ancestors_with_self if focused is not None else ():
        ids = [binding.id for _, binding in node._bindings if binding.id]
        if ids:
            return TITLES.get(ids[0].partition(".")[0], OTHER)
    return ""


def _bindings(app: App[object], node: DOMNode) -> Iterator[Binding]:
    """A node's bindings, remapped; Textual gives only those of the focused chain publicly."""
    bindings = node._bindings.copy()
    bindings.apply_keymap(app._keymap)
    for _, binding in bindings:
        yield binding


class HelpScreen(Dialog[None]):
    """The keys of the screen that it lies on."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "help.tcss",
    ]
    AUTO_FOCUS = "#sections"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012  (so typed by Textual)
    title_text = "Keys"

    def body(self) -> Iterable[Widget]:
        below = self.app.screen_stack[-2]
        groups = keys_of(below)
        focused = _group_of(below.focused)
        if focused in groups:  # what is wanted most likely comes first
            groups = {focused: groups[focused], **groups}
        sections = [Static(_section(title, keys)) for title, keys in groups.items()]
        split = _fairest_split([len(keys) + 2 for keys in groups.values()])
        note = Static(self._note(), markup=False, classes="muted")
        yield VerticalScroll(
            Vertical(*sections[:split], classes="column"),
            Vertical(*sections[split:], note, classes="column"),
            id="sections",
            classes="scroller",
        )

    def _note(self) -> str:
        services = getattr(self.app, "services", None)
        where = services.paths.config_file if services is not None else "config.toml"
        return f"Other keys: a [keys] table in\n{clean_line(str(where))}"


def _fairest_split(heights: list[int]) -> int:
    """How many sections go to the left column, so that both are about as high."""
    return min(
        range(1, len(heights) + 1),
        key=lambda count: abs(sum(heights[:count]) - sum(heights[count:])),
        default=0,
    )


def _section(title: str, keys: list[Key]) -> Content:
    lines = [Content.styled(title, "bold $text-primary")]
    if note := NOTES.get(title):
        lines.append(Content.styled(note, "$foreground-muted"))
    for key in keys:
        pad = " " * max(0, KEYS_WIDTH - Content(key.keys).cell_length)
        lines.append(Content.assemble((key.keys, "$text-accent bold"), pad, " ", key.label))
    return Content("\n").join(lines)
