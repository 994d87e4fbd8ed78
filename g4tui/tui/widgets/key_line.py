"""One line with the keys that act now, made from the live bindings; each can be clicked."""

from collections.abc import Iterable

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static


class KeyLine(Static):
    """Shows the bindings with `show=True`; the one that closes comes last."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyLine { height: auto; width: 1fr; color: $text-muted; }"

    def on_mount(self) -> None:
        """Follow what the screen's keys are."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def _changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen:
            return
        keys: dict[str, tuple[str, str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                shown = (self.app.get_key_display(binding), binding.description, binding.key)
                keys.setdefault(binding.action, shown)
        ordered = sorted(keys.items(), key=lambda item: item[0] == "close")
        self.update(Content("   ").join(_hints(shown for _, shown in ordered)))


def _hints(keys: Iterable[tuple[str, str, str]]) -> Iterable[Content]:
    for display, label, key in keys:
        click = Style.from_meta({"@click": f"app.simulate_key({key!r})"})
        # No line break inside a hint: the space is a no-break one.
        text = Content.assemble(
            (display, "$text-accent bold"), f"\xa0{label.replace(' ', chr(160))}"
        )
        yield text.stylize(click)
