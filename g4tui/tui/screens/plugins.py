"""What is plugged in: how each plugin fared, what it provides, and a switch."""

from collections.abc import Collection, Iterable
from pathlib import PurePath
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from g4tui.core import G4tuiError
from g4tui.plugin import PluginReport
from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.messages import PluginsLoaded
from g4tui.tui.save_settings import save_settings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services, in_thread
from g4tui.tui.widgets.line_list import LineList

STATES = {"ok": "✓ on", "failed": "✗ failed", "disabled": "– off"}
STATE_WIDTH, TIME_WIDTH = 28, 9


class _Line(NamedTuple):
    """A plugin; `wanted`: whether it is to be loaded at the next start."""

    report: PluginReport
    wanted: bool

    @property
    def key(self) -> str:
        return self.report.name

    @property
    def selectable(self) -> bool:
        return True

    @property
    def state(self) -> str:
        if self.wanted == (self.report.status != "disabled"):
            return STATES[self.report.status]
        return f"{STATES[self.report.status]}, {'on' if self.wanted else 'off'} at next start"

    def content(self, width: int) -> Content:
        room = max(8, width - STATE_WIDTH - TIME_WIDTH - 3)
        name = Content(clean_line(self.report.name)).truncate(room, ellipsis=True)
        took = self.report.import_ms
        time = "" if took is None else f"{took:,.0f} ms"
        name = name.pad_right(room - name.cell_length)
        line = Content.assemble("  ", name, time.rjust(TIME_WIDTH), "  ", self.state)
        style = {"failed": "$text-error", "disabled": "$foreground-muted"}.get(
            self.report.status, ""
        )
        return line.stylize(style) if style else line


class PluginsScreen(Dialog[None]):
    """Switching writes `plugins.disabled`; plugins load only when the program starts."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "plugins.tcss",
    ]
    AUTO_FOCUS = "#plugins"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("plugins"))
    title_text = "Plugins"

    @property
    def _services(self) -> Services:
        services: Services | None = getattr(self.app, "services", None)
        assert services is not None, "plugins are shown once the services are ready"
        return services

    @property
    def _rows(self) -> LineList[_Line]:
        return self.query_one("#plugins", LineList)

    def body(self) -> Iterable[Widget]:
        yield LineList[_Line](id="plugins")
        yield VerticalScroll(Static("", id="details", markup=False), id="about", can_focus=True)

    def on_mount(self) -> None:
        """List them."""
        self._show()

    def on_plugins_loaded(self, _: PluginsLoaded) -> None:
        """A slow plugin has arrived, or failed."""
        self._show()

    def _show(self) -> None:
        disabled = self._services.settings.plugins.disabled
        reports = sorted(self._services.plugins.reports(), key=lambda report: report.name)
        self._rows.show_rows([_Line(report, report.name not in disabled) for report in reports])
        self._detail()

    @on(LineList.Moved)
    def _detail(self) -> None:
        row = self._rows.row
        nothing = "No plugins. A backend is added with: pip install 'g4tui[llama-cpp]'"
        text = _about(row.report) if row is not None else nothing
        self.query_one("#details", Static).update(text)

    @on(LineList.Chosen)
    def action_switch(self) -> None:
        """Off at the next start, or on again."""
        row = self._rows.row
        if row is not None:
            self._save(_toggled(self._services.settings.plugins.disabled, row.key))

    @work(exclusive=True, group="toggle", exit_on_error=False)
    async def _save(self, disabled: tuple[str, ...]) -> None:
        services = self._services
        try:
            elsewhere = await in_thread(save_settings, services, {"plugins.disabled": disabled})
        except G4tuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        if elsewhere:
            text = f"{services.paths.config_file} sets plugins.disabled, which goes before."
            self.notify(text, severity="warning", markup=False)
        self._show()


def _toggled(disabled: Collection[str], name: str) -> tuple[str, ...]:
    return tuple(sorted(set(disabled) ^ {name}))


def _about(report: PluginReport) -> str:
    package = " ".join(filter(None, (report.distribution, report.version)))
    lines = [f"From {package}" if package else "From this program"]
    if report.api_version is not None:
        lines[0] += f", for plugin API {report.api_version}"
    if report.provides:
        lines.append(f"Provides {', '.join(report.provides)}")
    if report.error is not None:
        lines += ["", *filter(None, (report.error.title, report.error.detail, report.error.remedy))]
    return clean("\n".join(lines))
