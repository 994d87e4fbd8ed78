"""What goes in and out of the chat: personas, titles, files, an editor, a theme."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from g4tui.tui.services import SessionOptions, in_thread
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from g4tui.exchange import ImportReport
    from g4tui.store import SessionRow
    from g4tui.tui.screens.chat_base import ChatBase


class ChatMaking:
    """Each method is a coroutine that runs in a worker of the screen."""

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen

    async def personas(self) -> None:
        """Choose one for this chat, or make one of it."""
        from g4tui.config.personas import own_folder, personas
        from g4tui.tui.screens.personas import CHOSEN, SAVE, PersonasScreen

        flow = await self._screen.opened()
        if flow is None:
            return
        paths = flow.services.paths
        found, wrong = await in_thread(personas, paths)
        for error in wrong:
            self._screen.app.tell(str(error), warning=True)
        options = flow.choice.options
        screen = PersonasScreen(found, options.system, str(own_folder(paths)))
        chosen = await self._screen.app.push_screen_wait(screen)
        if chosen == SAVE:
            await self._save_persona(options)
        elif chosen:
            self._screen.to_prompt()
            name = chosen.removeprefix(CHOSEN)
            persona = found[name]
            await flow.set_options(SessionOptions(persona.system, persona.params, options.context))
            self._screen.app.tell(f"{name} answers in this chat.")

    async def _save_persona(self, options: SessionOptions) -> None:
        from g4tui.config.personas import Persona, save_persona
        from g4tui.tui.screens.line import ask_line

        flow = self._screen.flow
        if flow is None:
            return
        if not options.system.strip():
            self._screen.app.tell("This chat has no system prompt yet: Ctrl+G sets one.")
            return

        async def save(name: str) -> bool:
            if name:
                persona = Persona(options.system, "", options.params)
                file = await in_thread(save_persona, flow.services.paths, name, persona)
                self._screen.app.tell(f"Saved to {file}")
            return bool(name)

        await ask_line(self._screen.app, "Name of the persona", "", save)

    async def title(self, row: "SessionRow") -> None:
        """The model of the chat writes a title."""
        from g4tui.tui.titling import MESSAGES, title_for

        flow = self._screen.flow
        if flow is None or not flow.is_free(row.id):
            return
        spec = flow.spec(row.model or flow.choice.model)
        if await flow.may_leave(row, spec, "") is None:
            return
        line = await in_thread(flow.services.store.path_ids, row.id)
        rows = await in_thread(flow.services.store.messages, line[:MESSAGES])
        self._screen.status.note = "writing a title"
        try:
            title = await title_for(flow.services.runtime, spec, rows)
        finally:
            self._screen.status.note = ""
        if title:
            await flow.rename(row.id, title)
            self._screen.app.tell(f"Titled “{title}”. F2 changes it.")
        else:
            self._screen.app.tell("The model gave no title.", warning=True)

    async def export(self, row: "SessionRow") -> None:
        """Write the session to a file, in one of the plugins' formats."""
        from g4tui.exchange import export_to, file_name, free_path, nameless, place, transcripts
        from g4tui.tui.screens.line import ask_line
        from g4tui.tui.screens.pick import PickRow, PickScreen

        flow, app = self._screen.flow, self._screen.app
        if flow is None:
            return
        if row.private:
            app.tell("This chat is private: it is never exported.", warning=True)
            return
        plugins = flow.services.plugins
        await in_thread(plugins.load_all)  # they may still be on their way in
        exporters = {each.name: each for each in plugins.exporters()}
        if not exporters:
            app.tell("No plugin here writes sessions: see Plugins.", warning=True)
            return
        rows = [PickRow(each.name, each.title, each.suffix) for each in exporters.values()]
        chosen = await app.push_screen_wait(PickScreen("Export this chat as", rows))
        if chosen is None:
            return
        exporter = exporters[chosen]
        name = file_name(row.title, exporter.suffix)
        free = await in_thread(free_path, Path.cwd(), name)

        async def use(entered: str) -> bool:
            if not entered:
                return False
            path = await in_thread(place, free.parent, entered, name)
            replace = False
            if await in_thread(path.is_file):
                detail = f"{path} is there already."
                replace = await self._screen.dialogs.confirm("Replace the file?", detail, "Replace")
                if not replace:
                    return False
            sessions = transcripts(flow.services.store, [row.id])
            await in_thread(lambda: export_to(path, exporter, sessions, replace=replace))
            app.tell(f"Exported to {path}")
            if await in_thread(nameless, flow.services.store, [row.id]):
                app.tell("Who wrote the answers of a blind comparison without a vote was left out.")
            return True

        note = f"In {free.parent}, or give a path."
        await ask_line(app, "Export to", free.name, use, note=note)

    async def import_file(self) -> None:
        """Read sessions from a file."""
        from g4tui.exchange import import_from
        from g4tui.paths import expanded
        from g4tui.tui.screens.line import ask_line

        flow, app = await self._screen.opened(), self._screen.app
        if flow is None:
            return
        plugins = flow.services.plugins
        await in_thread(plugins.load_all)
        importers = plugins.importers()
        formats = ", ".join(each.title for each in importers)
        store = flow.services.store

        def told(report: "ImportReport", share: float) -> None:
            note = f"importing {share:.0%}"
            app.call_from_thread(setattr, self._screen.status, "note", note)

        async def use(entered: str) -> bool:
            if not entered:
                return False
            path = expanded(entered)
            try:
                report = await in_thread(lambda: import_from(path, importers, store, told=told))
            finally:
                self._screen.status.note = ""
                self._screen.sessions_changed()
            app.tell(_told(report))
            if report.error is not None:
                app.tell(str(report.error), error=True)
            return True

        note = f"Formats: {formats or 'none'}"
        await ask_line(app, "Import from", "", use, placeholder="A file", note=note)

    async def edit_outside(self) -> None:
        """The prompt in the person's own editor."""
        app, box = self._screen.app, self._screen.prompt_box
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        if not command:
            app.tell("Set EDITOR, say EDITOR=nano, and start g4tui again.", warning=True)
            return
        with tempfile.TemporaryDirectory(prefix="g4tui-") as folder:  # mode 0700
            file = Path(folder) / "prompt.md"
            file.write_text(box.prompt.text, encoding="utf-8")
            # What streams meanwhile is saved, and drawn once the screen is ours again.
            with app.batch_update(), app.suspend():
                ended = await in_thread(_run, [*shlex.split(command), str(file)])
            app.refresh(layout=True)
            if ended:
                app.tell(ended, warning=True)
                return
            text = file.read_text(encoding="utf-8", errors="replace")
        box.prompt.load_text(text.removesuffix("\n"))
        box.prompt.move_cursor(box.prompt.document.end)
        box.prompt.focus()

    async def theme(self) -> None:
        """Choose one, shown at once."""
        from g4tui.tui.commands import use_theme
        from g4tui.tui.screens.themes import ThemesScreen

        app = self._screen.app
        screen = ThemesScreen(list(app.available_themes), app.theme)
        chosen = await app.push_screen_wait(screen)
        if chosen:
            await use_theme(app, chosen)


def _told(report: "ImportReport") -> str:
    said = [f"{counted(len(report.new), 'chat')} imported"]
    if report.known:
        said.append(f"{report.known:,} here already")
    said += [f"left out: {count:,} {what}" for what, (count, _) in report.left_out.items()]
    return "; ".join(said) + "."


def _run(command: list[str]) -> str:
    """Run an editor on the terminal; empty, or why its text is not taken."""
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        return f"{command[0]} could not be started: {error.strerror or error}."
    return f"{command[0]} ended with status {status}: the prompt stays as it was." if status else ""
