"""One line with the keys that act now, made from the live bindings; each can be clicked."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

from g4tui.tui.bindings import short_label

_GAP = "   "


class _Hint(NamedTuple):
    action: str
    content: Content


class KeyLine(Static):
    """Shows the bindings with `show=True`; the one that closes comes last.

    `keep`: where given, one row is all there is: hints of these actions stay longest, first to
    last, and what does not fit is left out whole.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyLine { height: auto; width: 1fr; color: $text-muted; }"

    def __init__(self, *, id: str | None = None, keep: Sequence[str] = ()) -> None:
        super().__init__(id=id)
        self.auto_links = False  # underlined as links, keys would lose their colour
        self._keep = keep
        self._hints: list[_Hint] = []

    def on_mount(self) -> None:
        """Follow what the screen's keys are."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def on_resize(self, event: events.Resize) -> None:
        """More or less room."""
        self._show()

    def _changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen:
            return
        if self._hints and screen is not self.app.screen:
            return  # `screen.` would ask the screen on top what can be done
        keys: dict[str, tuple[str, str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                display, label = self.app.get_key_display(binding), short_label(binding)
                shown = (display, label, binding.key)
                keys.setdefault(binding.action, shown)
        ordered = sorted(keys.items(), key=lambda item: item[0] == "close")
        self._hints = [_Hint(action, _content(*shown)) for action, shown in ordered]
        self._show()

    def _show(self) -> None:
        width = self.content_size.width or self.app.size.width  # not laid out yet
        if self._keep:
            rows = [_fitting(self._hints, self._keep, width)]
        else:
            rows = _in_rows(self._hints, width)
        gap = Content(_GAP)
        joined = (gap.join(hint.content for hint in row) for row in rows)
        self.update(Content("\n").join(joined))


def _in_rows(hints: Iterable[_Hint], width: int) -> list[list[_Hint]]:
    """As many as there have to be, each hint whole."""
    rows: list[list[_Hint]] = [[]]
    for hint in hints:
        if rows[-1] and _length([*rows[-1], hint]) > width:
            rows.append([])
        rows[-1].append(hint)
    return rows


def _length(hints: Sequence[_Hint]) -> int:
    return sum(hint.content.cell_length + len(_GAP) for hint in hints) - len(_GAP)


def _fitting(hints: Iterable[_Hint], keep: Sequence[str], width: int) -> list[_Hint]:
    def worth(hint: _Hint) -> int:
        return keep.index(hint.action) if hint.action in keep else len(keep)

    kept = sorted(hints, key=worth)
    while kept and _length(kept) > width:
        kept.pop()
    return [hint for hint in hints if hint in kept]


def _content(display: str, label: str, key: str) -> Content:
    click = Style.from_meta({"@click": f"app.simulate_key({key!r})"})
    return Content.assemble((display, "$text-accent bold"), f" {label}").stylize(click)
