"""What the keys of the chat screen do."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from g4tui.tui.screens.chat_base import ChatBase

if TYPE_CHECKING:
    from g4tui.store import SessionRow
    from g4tui.tui.widgets.transcript import Transcript


class ChatActions(ChatBase):
    """One method for each action of the table that belongs to the screen."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stop shows only while there is something to stop."""
        if action == "stop":
            return self.answering.turns.of(self.conversation.id) is not None
        return True

    def action_stop(self) -> None:
        """Silence the answer that is being written."""
        if self.answering.turns.stop(self.conversation.id):
            self.status.note = "stopping"

    @property
    def answers(self) -> "Transcript":
        """The conversation."""
        return self.transcript

    def stop_all(self) -> bool:
        """The answer that is being written in this chat."""
        is_written = self.answering.turns.of(self.conversation.id) is not None
        if is_written:
            self.action_stop()
        return is_written

    def action_leave(self) -> None:
        """Esc with nothing to stop: from the prompt to the messages, from elsewhere back to it."""
        if self.finding.is_open:
            self.finding.close()
            self.transcript.focus()
            return
        if self.prompt_box.editing is not None:
            self.prompt_box.put_aside()
        elif self.prompt_box.prompt.has_focus and self.transcript.selected is not None:
            self.transcript.focus()
            return
        self.to_prompt()

    def action_choose_model(self) -> None:
        """Open the picker."""
        self.do_latest("dialog", self.dialogs.choose_model)

    def action_parameters(self) -> None:
        """Open the parameters."""
        self.do_latest("dialog", self.dialogs.parameters)

    def action_rename_session(self) -> None:
        """Rename what is on screen, or what the list's cursor is on."""
        row = self.conversation.session
        if self.sessions.has_focus_within:
            self.sessions.action_rename()
        elif row is not None:
            self.do_latest("dialog", self.dialogs.rename, row.id, row.title)
        else:
            self.app.tell("This chat has no messages yet: its first one names it.")

    def action_delete_session(self) -> None:
        """Put what is on screen, or what the list's cursor is on, into the bin."""
        self._keep(self.keeping.delete)

    @property
    def _target(self) -> "SessionRow | None":
        """What keys for a whole session act on."""
        if self.sessions.has_focus_within:
            return self.sessions.at_cursor()
        return self.conversation.session

    def _keep(self, work: "Callable[[SessionRow], Coroutine[object, object, None]]") -> None:
        row = self._target
        if row is not None:
            self.do_latest("dialog", work, row)
        else:
            self.app.tell("This chat has no messages yet.")

    def action_pin(self) -> None:
        """Keep it at the top of the list, or no longer."""
        self._keep(self.keeping.pin)

    def action_tag(self) -> None:
        """Edit its tags."""
        self._keep(self.keeping.tag)

    def action_archive(self) -> None:
        """Put it away."""
        self._keep(self.keeping.archive)

    def action_private(self) -> None:
        """Keep it on this machine, or no longer."""
        if self._target is None and self.flow is not None:
            self.do_latest("dialog", self.keeping.begin_private, self.flow)
        else:
            self._keep(self.keeping.private)

    def action_undo(self) -> None:
        """Have back what was put away last."""
        if self.flow is not None:
            self.do_latest("dialog", self.keeping.undo)

    def action_shelf(self) -> None:
        """Archive and bin."""
        self.do_latest("dialog", self.keeping.shelf)

    def action_personas(self) -> None:
        """Choose how it is answered."""
        self.do_latest("dialog", self.making.personas)

    def action_write_title(self) -> None:
        """Let its model name it."""
        self._keep(self.making.title)

    def action_export(self) -> None:
        """Write it to a file."""
        self._keep(self.making.export)

    def action_import_file(self) -> None:
        """Read sessions from a file."""
        self.do_latest("dialog", self.making.import_file)

    def action_edit_outside(self) -> None:
        """The prompt in an editor."""
        self.do_latest("dialog", self.making.edit_outside)

    def action_theme(self) -> None:
        """Choose the colours."""
        self.do_latest("dialog", self.making.theme)

    def action_find(self) -> None:
        """Find in all sessions."""
        self.do_latest("dialog", self.ways.find)

    def action_tree(self) -> None:
        """All branches."""
        self.do_latest("dialog", self.ways.tree)

    def action_find_here(self) -> None:
        """Find in this chat."""
        self.finding.open()

    def action_find_step(self, step: int) -> None:
        """To the next hit, or the one before."""
        self.do_latest("find", self.finding.step, step)

    def action_page(self, direction: int) -> None:
        """Scroll the conversation, wherever the focus is."""
        step = max(1, self.transcript.size.height - 2)
        self.transcript.go_to(self.transcript.scroll_offset.y + direction * step)

    def action_bottom(self) -> None:
        """To the newest text."""
        self.transcript.action_end()

    def action_toggle_sidebar(self) -> None:
        """To the list of sessions, unfolded where it is not; from there fold it."""
        if self.sidebar.turn():
            self.sessions_changed()
            self.sessions.focus()
        else:
            self.prompt_box.prompt.focus()
