"""F1: every key that works on the screen below, read from its live bindings."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

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
    "more than two answers, the titles have the key that votes for them.",
    TITLES["sessions"]: "… an answer is being written in that chat, • one has come that you have "
    "not seen, › the chat on screen.",
}
OTHER = "On this screen"
# In cells. Longer keys push what they do to the right.
KEYS_WIDTH = 5
GAP = 2


class Key(NamedTuple):
    """One action: the keys as they are shown, and what it does."""

    keys: str
    label: str

    @property
    def width(self) -> int:
        """In cells."""
        return max(KEYS_WIDTH, cell_len(self.keys)) + 1 + cell_len(self.label)

    def content(self) -> Content:
        """On one line."""
        pad = " " * max(0, KEYS_WIDTH - cell_len(self.keys))
        return Content.assemble((self.keys, "$text-accent bold"), pad, " ", self.label)

    def has_all(self, words: list[str], group: str) -> bool:
        """Whether it is what somebody looks for."""
        text = f"{self.keys} {self.label} {group}".casefold()
        return all(word in text for word in words)


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
    """The keys of the screen that it lies on, in as many columns as fit; typing filters them."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "help.tcss",
    ]
    AUTO_FOCUS = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll('up')", show=False, priority=True),
        Binding("down", "scroll('down')", show=False, priority=True),
        Binding("pageup", "scroll('page_up')", show=False, priority=True),
        Binding("pagedown", "scroll('page_down')", show=False, priority=True),
        Binding("home", "scroll('home')", show=False, priority=True),
        Binding("end", "scroll('end')", show=False, priority=True),
    ]
    title_text = "Keys"

    def body(self) -> Iterable[Widget]:
        below = self.app.screen_stack[-2]
        groups = keys_of(below)
        focused = _group_of(below.focused)
        if focused in groups:  # what is wanted most likely comes first
            groups = {focused: groups[focused], **groups}
        self._groups = groups
        yield Input(placeholder="Type to find a key", id="filter", select_on_focus=False)
        note = Static(self._note(), markup=False, classes="muted")
        sections = [Static(classes="section") for _ in groups]
        yield VerticalScroll(
            *sections,
            Static("No key here does that.", id="none"),
            note,
            id="sections",
            classes="scroller",
        )

    def on_mount(self) -> None:
        """The keys are what it is for; the filter takes what is typed all the same."""
        self.query_one("#sections").can_focus = False

    def on_resize(self) -> None:
        """More columns, or fewer."""
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _show(self) -> None:
        wanted = self.query_one("#filter", Input).value.casefold().split()
        width = self.query_one("#sections").size.width - 1  # a scrollbar may come
        cell = max((key.width for keys in self._groups.values() for key in keys), default=1)
        columns = max(1, (width + GAP) // (cell + GAP))
        any_found = False
        sections = self.query(".section").results(Static)
        for section, (title, keys) in zip(sections, self._groups.items(), strict=True):
            found = [key for key in keys if key.has_all(wanted, title)]
            section.display = bool(found)
            section.update(_section(title, found, columns, cell + GAP))
            any_found = any_found or bool(found)
        self.query_one("#none").display = not any_found

    def action_scroll(self, way: str) -> None:
        """Move the keys while the filter has the keyboard."""
        getattr(self.query_one("#sections"), f"scroll_{way}")(animate=False)

    def _note(self) -> str:
        services = getattr(self.app, "services", None)
        where = services.paths.config_file if services is not None else "config.toml"
        return f"The palette has what has no key. Other keys: [keys] in\n{clean_line(str(where))}"


def _section(title: str, keys: list[Key], columns: int, cell: int) -> Content:
    lines = [Content.styled(title, "bold $text-primary")]
    if note := NOTES.get(title):
        lines.append(Content.styled(note, "$foreground-muted"))
    rows = -(-len(keys) // columns)
    for row in range(rows):
        cells = [key.content().pad_right(max(0, cell - key.width)) for key in keys[row::rows]]
        lines.append(Content("").join(cells).rstrip())
    return Content("\n").join(lines)
