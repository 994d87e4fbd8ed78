"""What the keys of the chat screen do."""

from g4tui.tui.screens.chat_base import ChatBase


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

    def action_leave(self) -> None:
        """Esc with nothing to stop: from the prompt to the messages, from elsewhere back to it."""
        if self.prompt_box.editing is not None:
            self.prompt_box.put_aside()
        elif self.prompt_box.prompt.has_focus and self.transcript.selected is not None:
            self.transcript.focus()
            return
        self.sidebar.fold_floating()
        self.prompt_box.prompt.focus()

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
        """Delete what is on screen, after a question."""
        row = self.conversation.session
        if row is not None:
            self.do_latest("dialog", self.dialogs.delete, row.id, row.title)
        else:
            self.app.tell("This chat has no messages yet: there is nothing to delete.")

    def action_page(self, direction: int) -> None:
        """Scroll the conversation, wherever the focus is."""
        step = max(1, self.transcript.size.height - 2)
        self.transcript.go_to(self.transcript.scroll_offset.y + direction * step)

    def action_bottom(self) -> None:
        """To the newest text."""
        self.transcript.action_end()

    def action_toggle_sidebar(self) -> None:
        """Fold or unfold the list of sessions."""
        if self.sidebar.toggle():
            self.sessions.focus()
        else:
            self.prompt_box.prompt.focus()
