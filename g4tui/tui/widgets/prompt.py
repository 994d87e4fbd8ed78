"""Where one types: a text area that grows, sends with Enter, and keeps big pastes beside it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from g4tui.sanitize import clean, clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.history import PromptHistory
from g4tui.tui.messages import PromptSent
from g4tui.tui.pasted import as_attachment, for_editor, is_big
from g4tui.tui.words import size

if TYPE_CHECKING:
    from g4tui.core.messages import Attachment


class Prompt(TextArea):
    """The editor. It holds the text as it was typed or pasted; what it draws is cleaned."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("prompt"),
        Binding("pageup", "screen.page(-1)", show=False, id="chat.page_up"),
        Binding("pagedown", "screen.page(1)", show=False, id="chat.page_down"),
        Binding("ctrl+end", "screen.bottom", show=False, id="chat.bottom"),
        Binding("end", "line_end", show=False),
    ]
    DEFAULT_CSS = """
    Prompt, Prompt:focus {
        height: auto; min-height: 1; max-height: 8; border: none; padding: 0;
        background: transparent; scrollbar-size-vertical: 1;
    }
    """

    def __init__(self) -> None:
        super().__init__(
            id="prompt",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
            compact=True,
        )
        self.asked = PromptHistory()

    @property
    def box(self) -> "PromptBox":
        """What it stands in."""
        assert isinstance(self.parent, PromptBox)
        return self.parent

    def get_line(self, line_index: int) -> Text:
        """A line as it may be drawn: character for character, so that the cursor fits."""
        line = super().get_line(line_index)
        if clean(line.plain) != line.plain:
            line.plain = "".join(clean(c) or "\N{REPLACEMENT CHARACTER}" for c in line.plain)
        return line

    async def _on_key(self, event: events.Key) -> None:
        """Keys that are bound here act in their turn.

        Textual runs bindings only once a key has bubbled up: what was typed right after Enter or
        Esc would be in the editor before that is heard.
        """
        focused = self.screen.focused
        if focused is not None and focused is not self:  # a key before this one led away from here
            event.stop()
            event.prevent_default()
            focused.post_message(events.Key(event.key, event.character))
            return
        if event.is_printable:
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and (active.node is self or event.key == "escape"):
            event.stop()
            event.prevent_default()
            await self.app.run_action(active.binding.action, active.node)
        elif event.key == "enter":  # not a character here, wherever it is mapped to
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        """A big paste becomes a chip."""
        event.stop()
        event.prevent_default()
        if is_big(event.text):
            self.box.attach(event.text)
        else:
            self.insert(for_editor(event.text))

    def action_send(self) -> None:
        """Hand over what was typed."""
        self.box.send()

    async def action_complete(self) -> None:
        """Make the `@path` at the cursor longer; without one, on to what is next."""
        from g4tui.tui.mentions import completed, typed
        from g4tui.tui.services import in_thread

        before = self.document.get_line(self.cursor_location[0])[: self.cursor_location[1]]
        if typed(before) is None:
            self.screen.focus_next()
            return
        found = await in_thread(completed, before)
        row, column = self.cursor_location
        if found is not None:
            self.replace(found.text, (row, column - found.length), (row, column))
        self.box.offer(found.choices if found is not None else ())

    def action_newline(self) -> None:
        """A line break at the cursor."""
        self.insert("\n")

    def action_history(self, step: int) -> None:
        """Earlier prompts, where the prompt is empty or shows one; else the cursor moves."""
        if step < 0 and self.box.is_empty and self.box.bring_back_chips(""):
            return
        if not self.text or self.asked.walking:
            on_edge = self.cursor_location[0] == (0 if step < 0 else self.document.line_count - 1)
            if on_edge and (text := self.asked.move(step, self.text)) is not None:
                self.load_text(text)
                self.move_cursor(self.document.end)
                self.box.bring_back_chips(text)
                return
        if step < 0:
            self.action_cursor_up()
        else:
            self.action_cursor_down()

    async def action_line_end(self) -> None:
        """To the end of the line; in an empty prompt, to the newest text."""
        if self.text:
            self.action_cursor_line_end()
        else:
            await self.run_action("screen.bottom")

    def action_delete_left(self) -> None:
        """At the very start it takes the last chip away."""
        if self.selection.is_empty and self.cursor_location == (0, 0) and self.box.detach():
            return
        super().action_delete_left()


class PromptBox(Vertical):
    """The prompt, the chips of what goes with it, and a title while a message is edited.

    `may_send`: whether a text without anything beside it is meant to be sent.
    """

    DEFAULT_CSS = """
    PromptBox {
        height: auto; padding: 0 1; border: round $foreground 25%;
        &:focus-within { border: round $accent; }
        #paths { height: auto; max-height: 3; color: $text-muted; display: none; }
        #chips { height: auto; max-height: 4; color: $text-accent; display: none; }
        &.-chips #chips { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._attachments: list[Attachment] = []
        self._editing: str | None = None
        self._pasted = 0
        self.may_send: Callable[[str], bool] = lambda text: True
        self._away: PromptSent | None = None
        self._offered_for = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="chips", markup=False)
        yield Static("", id="paths", markup=False)
        yield Prompt()

    @property
    def prompt(self) -> Prompt:
        """The editor."""
        return self.query_one(Prompt)

    @property
    def editing(self) -> str | None:
        """The message that is being edited, if one is."""
        return self._editing

    @property
    def attachments(self) -> "tuple[Attachment, ...]":
        """What goes with the text."""
        return tuple(self._attachments)

    @property
    def is_empty(self) -> bool:
        """Neither text nor chips."""
        return not self.prompt.text and not self._attachments

    def offer(self, names: Sequence[str]) -> None:
        """Show what a path could become."""
        paths = self.query_one("#paths", Static)
        paths.update("   ".join(map(clean_line, names)))
        paths.display = bool(names)
        self._offered_for = self.prompt.text

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if self.prompt.text != self._offered_for:
            self.offer(())

    def attach(self, text: str) -> None:
        """Keep a text beside the prompt."""
        self._pasted += 1
        self._attachments.append(as_attachment(text, self._pasted))
        self._show_chips()

    def detach(self) -> bool:
        """Take the last chip away, if there is one."""
        if not self._attachments:
            return False
        self._attachments.pop()
        self._show_chips()
        return True

    def send(self) -> None:
        """Post what is there and start afresh; nothing, where nothing was typed."""
        text = without_blank_ends(self.prompt.text)
        if not self._attachments and (not text or not self.may_send(text)):
            return
        self.post_message(PromptSent(text, tuple(self._attachments), self._editing))
        self.prompt.asked.add(text)
        self.clear()

    def give_back(self, unsent: PromptSent) -> None:
        """It was not sent: it stands before what was typed since."""
        later = self.prompt.text
        self._editing = unsent.editing
        self._attachments[:0] = unsent.attachments
        self._pasted = len(self._attachments)
        self._load("\n".join(filter(None, (unsent.text, later))))

    def put_away(self) -> None:
        """Empty everything; Up brings it back."""
        self._away = PromptSent(self.prompt.text, tuple(self._attachments))
        self.prompt.asked.add(self.prompt.text)
        self.clear()

    def bring_back_chips(self, text: str) -> bool:
        """Show what was put away beside this text; whether there was anything."""
        away = self._away
        if away is None or away.text != text or not away.attachments or self._attachments:
            return False
        self._away = None
        self._attachments = list(away.attachments)
        self._pasted = len(self._attachments)
        self._show_chips()
        return True

    def put_aside(self) -> None:
        """Stop editing an earlier message; what was typed for a new one stays."""
        if self._editing is not None:
            self.clear()

    def clear(self) -> None:
        """Empty everything."""
        self._editing = None
        self._attachments.clear()
        self._pasted = 0
        self.prompt.load_text("")
        self.border_title = ""
        self._show_chips()

    def edit(self, message_id: str, text: str, attachments: "tuple[Attachment, ...]") -> None:
        """Edit an earlier message: sending makes another version of it."""
        self._editing = message_id
        self._attachments = list(attachments)
        self._load(text)
        self.prompt.focus()

    def _load(self, text: str) -> None:
        self.prompt.load_text(text)
        self.prompt.move_cursor(self.prompt.document.end)
        editing = self._editing is not None
        self.border_title = "Editing: Enter asks anew, Esc leaves it" if editing else ""
        self._show_chips()

    def take_key(self, event: events.Key) -> None:
        """A key that was typed elsewhere."""
        self.screen.set_focus(self.prompt)  # at once: the next key may be here already
        if event.key == "enter":
            self.prompt.action_send()
        elif event.character is not None:
            self.prompt.insert(event.character)

    def _show_chips(self) -> None:
        chips = Content("   ").join(
            Content(f"▤ {clean_line(each.name)} {size(len(each.text.encode()))}")
            for each in self._attachments
        )
        if self._attachments:
            chips = Content.assemble(chips, ("   Backspace removes", "$foreground-muted"))
        self.query_one("#chips", Static).update(chips)
        self.set_class(bool(self._attachments), "-chips")


def without_blank_ends(text: str) -> str:
    """No blank lines before and nothing blank after; the first line keeps its indent."""
    lines = text.rstrip().split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[first:])
