"""Every key of the program in one table: what it does, where, and under which name it is remapped.

`[keys]` in the settings maps an id to keys (`"chat.new" = "ctrl+k"`); F1 and the palette read the
same table. Keys that the prompt's editor has by itself (Ctrl+A, Ctrl+W...) are not in it.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from textual.binding import Binding

Place = Literal[
    "anywhere",
    "chat",
    "prompt",
    "transcript",
    "sessions",
    "compare",
    "pane",
    "dialog",
    "confirm",
    "sides",
    "text",
    "reason",
    "rename",
    "parameters",
    "models",
    "plugins",
    "keys",
    "first_run",
    "line",
    "pick",
    "shelf",
    "again",
    "tree",
    "find",
    "parts",
    "personas",
]


class Action(NamedTuple):
    """One thing a key does. `keys` is Textual's comma-separated form; empty: palette only."""

    id: str
    keys: str
    action: str
    label: str
    place: Place
    show: bool = False
    palette: bool = False
    priority: bool = False
    detail: str = ""


ACTIONS: tuple[Action, ...] = (
    # action names with a prefix run there; without one, on the widget or screen that binds them.
    # Priority: a key that a text field has a use for (Ctrl+K, say) can be given to it.
    Action("app.help", "f1", "app.help", "Help", "anywhere", True, True, True),
    Action(
        "app.palette", "ctrl+p", "app.command_palette", "Palette", "anywhere", True, priority=True
    ),
    Action("app.quit", "ctrl+q", "app.quit", "Quit", "anywhere", False, True, True),
    Action("app.interrupt", "ctrl+c", "app.interrupt", "Stop", "anywhere", False, False, True),
    # Ctrl+Z takes back a change in the prompt, as in every text field.
    Action(
        "app.suspend",
        "",
        "app.suspend_process",
        "Suspend",
        "anywhere",
        palette=True,
        detail="To the shell; fg comes back",
    ),
    Action("app.ratings", "f4", "app.ratings", "Ratings of models", "anywhere", False, True),
    Action("app.plugins", "", "app.plugins", "Plugins", "anywhere", False, True),
    Action("app.keys", "", "app.keys", "API keys", "anywhere", False, True),
    Action("chat.new", "ctrl+n", "screen.new_session", "New chat", "chat", True, True, True),
    Action("chat.model", "ctrl+o", "screen.choose_model", "Model", "chat", True, True, True),
    Action(
        "chat.parameters",
        "ctrl+g",
        "screen.parameters",
        "Parameters and system prompt",
        "chat",
        False,
        True,
        True,
    ),
    Action(
        "chat.sidebar", "ctrl+b", "screen.toggle_sidebar", "Session list", "chat", False, True, True
    ),
    Action("chat.rename", "f2", "screen.rename_session", "Rename chat", "chat", False, True, True),
    Action("chat.delete", "", "screen.delete_session", "Delete chat", "chat", False, True),
    Action("chat.undo", "f8", "screen.undo", "Undo delete or archive", "chat", False, True, True),
    Action("chat.find", "ctrl+f", "screen.find", "Find everywhere", "chat", True, True, True),
    Action("chat.persona", "f6", "screen.personas", "Personas", "chat", False, True, True),
    Action("chat.editor", "f9", "screen.edit_outside", "Your editor", "chat", False, True, True),
    Action("chat.export", "f7", "screen.export", "Export chat", "chat", False, True, True),
    Action("chat.import", "", "screen.import_file", "Import chats", "chat", palette=True),
    Action("chat.title", "", "screen.write_title", "Title by the model", "chat", palette=True),
    Action("chat.theme", "", "screen.theme", "Theme", "chat", palette=True, detail="Among all"),
    Action("chat.pin", "", "screen.pin", "Pin chat", "chat", palette=True),
    Action("chat.tag", "", "screen.tag", "Tags of the chat", "chat", palette=True),
    Action("chat.archive", "", "screen.archive", "Archive chat", "chat", palette=True),
    Action("chat.shelf", "", "screen.shelf", "Archive and bin", "chat", palette=True),
    Action("chat.private", "", "screen.private", "Private chat, on or off", "chat", palette=True),
    Action("chat.stop", "escape", "screen.stop", "Stop", "chat", True),
    Action("chat.leave", "escape", "screen.leave", "Prompt or messages", "chat"),
    Action("app.retry", "ctrl+r", "app.retry", "Try again", "anywhere"),
    Action(
        "chat.compare",
        "ctrl+t",
        "app.compare",
        "Compare",
        "chat",
        True,
        True,
        True,
        "Ask the teacher too, side by side",
    ),
    Action("chat.page_up", "pageup", "screen.page(-1)", "Scroll up", "chat"),
    Action("chat.page_down", "pagedown", "screen.page(1)", "Scroll down", "chat"),
    Action("chat.bottom", "ctrl+end", "screen.bottom", "To the newest text", "chat"),
    Action("prompt.send", "enter", "send", "Send", "prompt", True),
    Action("prompt.newline", "ctrl+j,shift+enter,alt+enter", "newline", "Newline", "prompt", True),
    Action("prompt.complete", "tab", "complete", "@path, or to the messages", "prompt"),
    Action("prompt.history_back", "up", "history(-1)", "Earlier prompt", "prompt"),
    Action("prompt.history_on", "down", "history(1)", "Later prompt", "prompt"),
    Action(
        "transcript.regenerate", "r", "act('regenerate')", "Regenerate", "transcript", True, True
    ),
    Action(
        "transcript.again",
        "R",
        "act('again')",
        "Regenerate with another model",
        "transcript",
        palette=True,
    ),
    Action("transcript.edit", "e", "act('edit')", "Edit your message", "transcript", True, True),
    Action("transcript.copy", "y,c", "act('copy')", "Copy", "transcript", True, True),
    Action(
        "transcript.parts", "Y", "act('parts')", "Copy or save a part", "transcript", palette=True
    ),
    Action("transcript.star", "s", "act('star')", "Star", "transcript", palette=True),
    Action("transcript.fork", "f", "act('fork')", "Fork here", "transcript", palette=True),
    Action("transcript.tree", "b", "screen.tree", "Branches", "transcript", palette=True),
    Action(
        "transcript.find",
        "slash",
        "screen.find_here",
        "Find in this chat",
        "transcript",
        True,
        True,
    ),
    Action("transcript.find_next", "n", "screen.find_step(1)", "Next hit", "transcript"),
    Action("transcript.find_before", "N", "screen.find_step(-1)", "Hit before", "transcript"),
    Action(
        "transcript.continue",
        "g",
        "act('resume')",
        "Go on with an answer",
        "transcript",
        False,
        True,
    ),
    Action("transcript.keep", "a", "act('keep')", "Keep an answer as it is", "transcript"),
    Action(
        "transcript.release", "u", "act('release')", "Release the model", "transcript", False, True
    ),
    Action("transcript.thinking", "t", "thinking", "Fold the thinking", "transcript", False, True),
    Action("transcript.log", "l", "log", "Log of a failed model", "transcript"),
    Action("transcript.sibling_back", "left", "act('back')", "Earlier answer", "transcript"),
    Action("transcript.sibling_on", "right", "act('on')", "Later answer", "transcript"),
    Action("transcript.previous", "k,ctrl+up", "move(-1)", "Message above", "transcript"),
    Action("transcript.next", "j,ctrl+down", "move(1)", "Message below", "transcript"),
    Action("transcript.up", "up", "scroll_up", "Line up", "transcript"),
    Action("transcript.down", "down", "scroll_down", "Line down", "transcript"),
    Action("transcript.home", "home", "home", "To the first message", "transcript"),
    Action("transcript.end", "end,G", "end", "To the newest text", "transcript"),
    Action("transcript.help", "question_mark", "app.help", "Help", "transcript"),
    Action("sessions.filter", "slash", "filter", "Filter by title", "sessions", True),
    Action("sessions.rename", "f2,r", "rename", "Rename", "sessions", True),
    Action("sessions.delete", "delete,d", "delete", "Delete", "sessions", True),
    Action("sessions.pin", "p", "screen.pin", "Pin", "sessions", True),
    Action("sessions.tag", "t", "screen.tag", "Tags", "sessions", True),
    Action("sessions.archive", "a", "screen.archive", "Archive", "sessions", True),
    Action("sessions.title", "w", "screen.write_title", "Title by the model", "sessions"),
    Action("sessions.undo", "u", "screen.undo", "Undo", "sessions"),
    Action("sessions.shelf", "v", "screen.shelf", "Archive and bin", "sessions"),
    Action("sessions.leave", "escape", "leave", "Clear the filter", "sessions"),
    Action("sessions.up", "up,k", "move(-1)", "Chat above", "sessions"),
    Action("sessions.down", "down,j", "move(1)", "Chat below", "sessions"),
    Action("sessions.help", "question_mark", "app.help", "Help", "sessions"),
    Action("compare.back", "ctrl+t", "screen.back", "Back to one", "compare", True, True, True),
    Action("compare.stop", "escape", "screen.stop", "Stop", "compare", True),
    Action("compare.leave", "escape", "screen.to_answers", "To the answers", "compare"),
    Action("compare.blind", "ctrl+b", "screen.blind", "Blind mode", "compare", True, True, True),
    Action(
        "compare.sides", "ctrl+o", "screen.sides", "Models to compare", "compare", True, True, True
    ),
    Action(
        "compare.find", "ctrl+f", "screen.find", "Find everywhere", "compare", False, True, True
    ),
    Action("compare.new", "ctrl+n", "screen.new", "New comparison", "compare", False, True, True),
    Action(
        "compare.parameters",
        "ctrl+g",
        "screen.parameters",
        "Parameters and system prompt",
        "compare",
        False,
        True,
        True,
    ),
    Action("pane.left", "left", "screen.other(-1)", "Answer at the left", "pane"),
    Action("pane.right", "right", "screen.other(1)", "Answer at the right", "pane"),
    Action("pane.left_better", "1", "screen.vote('left')", "Left better", "pane", True, True),
    Action("pane.right_better", "2", "screen.vote('right')", "Right better", "pane", True, True),
    Action("pane.tie", "3", "screen.vote('tie')", "Tie", "pane", True, True),
    Action("pane.both_bad", "4", "screen.vote('both_bad')", "Both bad", "pane", True, True),
    Action("pane.unvote", "0", "screen.unvote", "Take the vote back", "pane", True, True),
    Action("pane.reason", "w", "screen.reason", "Say why", "pane", True, True),
    Action("pane.reveal", "v", "screen.reveal", "Show the names", "pane", True, True),
    Action("pane.correct", "c", "screen.correct", "Correct", "pane", True, True),
    Action("pane.go_on", "f", "screen.go_on", "Go on from this answer", "pane", True, True),
    Action("pane.prompt", "enter,tab", "screen.to_prompt", "To the prompt", "pane"),
    Action("pane.step", "s", "screen.step", "Scroll in step", "pane", False, True),
    Action("pane.stop_all", "x", "screen.stop_all", "Stop all", "pane", True, True),
    Action("pane.next_pair", "p", "screen.next_pair", "Next pair", "pane", True, True),
    Action(
        "pane.next_comparison",
        "n",
        "screen.next_comparison",
        "Next comparison without a vote",
        "pane",
        False,
        True,
    ),
    Action("line.use", "enter", "use", "Use", "line", True, False, True),
    Action("personas.save", "ctrl+s", "save", "Make one of this chat", "personas", True),
    Action("pick.choose", "enter", "choose", "Choose", "pick", True, False, True),
    Action("parts.copy", "enter", "copy", "Copy", "parts", True, False, True),
    Action("parts.save", "ctrl+s", "save", "Save to a file", "parts", True, False, True),
    Action("shelf.open", "enter", "open", "Open", "shelf", True, False, True),
    Action("shelf.take_back", "r,u", "take_back", "Take back", "shelf", True),
    Action("shelf.destroy", "delete,d", "destroy", "Delete for good", "shelf", True),
    Action("shelf.empty", "x", "empty", "Empty the bin", "shelf", True),
    Action("again.use", "ctrl+s", "use", "Regenerate", "again", True, False, True),
    Action("tree.choose", "enter", "choose", "Go there", "tree", True, False, True),
    Action("tree.fold", "space", "toggle_node", "Fold or unfold", "tree", True),
    Action("find.choose", "enter", "choose", "Go there", "find", True, False, True),
    Action("dialog.close", "escape", "close", "Close", "dialog", True),
    Action("confirm.yes", "y", "answer(True)", "Yes", "confirm", True),
    Action("confirm.no", "n", "answer(False)", "No", "confirm", True),
    Action("rename.save", "enter", "save", "Rename", "rename", True, False, True),
    Action("sides.use", "ctrl+s", "use", "Use in this chat", "sides", True, False, True),
    Action("sides.default", "f3", "save_default", "Keep for other chats too", "sides", True),
    Action("sides.add", "a", "add", "Add", "sides", True),
    Action("sides.remove", "delete,d", "remove", "Remove", "sides", True),
    Action("text.save", "ctrl+s", "save", "Save", "text", True, False, True),
    Action("reason.save", "enter,ctrl+s", "save", "Save", "reason", True, False, True),
    Action(
        "reason.newline",
        "ctrl+j,shift+enter,alt+enter",
        "newline",
        "Newline",
        "reason",
        True,
        False,
        True,
    ),
    Action("parameters.use", "ctrl+s", "use", "Use in this chat", "parameters", True, False, True),
    Action(
        "parameters.default", "f3", "save_default", "Keep for new chats too", "parameters", True
    ),
    Action("models.choose", "enter", "choose", "Use", "models", True, False, True),
    Action("models.pull", "enter", "pull", "Pull", "models", True, False, True),
    Action("models.key", "enter", "enter_key", "Enter its key", "models", True, False, True),
    Action("models.default", "ctrl+s", "make_default", "Default for new chats", "models", True),
    Action("models.release", "ctrl+r", "release", "Release", "models", True),
    Action("models.stop", "escape", "stop_pull", "Stop pulling", "models", True),
    Action("plugins.switch", "enter,space", "switch", "On or off", "plugins", True, False, True),
    Action("keys.keep", "enter", "keep", "Keep the key", "keys", True, False, True),
    Action("keys.test", "ctrl+t", "test", "Test", "keys", True, False, True),
    Action("keys.remove", "ctrl+r", "remove", "Remove", "keys", True),
    Action("first_run.choose", "enter", "choose", "Choose", "first_run", True, False, True),
    Action("first_run.again", "f5", "look_again", "Look again", "first_run", True),
    Action("first_run.stop", "escape", "stop_pull", "Stop pulling", "first_run", True),
)


# The bottom line of the compare screen has more keys than room.
_SHORT = {
    "compare.back": "Back",
    "compare.blind": "Blind",
    "compare.sides": "Models",
    "pane.unvote": "Unvote",
    "pane.reason": "Why",
    "pane.go_on": "Go on from it",
}


def short_label(binding: Binding) -> str:
    """What a binding does, in as few words as will do."""
    return _SHORT.get(binding.id or "", binding.description)


def bindings(place: Place) -> list[Binding]:
    """The Textual bindings of one place, remappable by id."""
    return [
        Binding(
            action.keys,
            action.action,
            action.label,
            show=action.show,
            priority=action.priority,
            id=action.id,
        )
        for action in ACTIONS
        if action.place == place and action.keys
    ]


def bindings_of(ids: Iterable[str]) -> list[Binding]:
    """The bindings of single actions, for a widget that shares them with another place."""
    wanted = set(ids)
    places = {action.place: None for action in ACTIONS if action.id in wanted}
    return [each for place in places for each in bindings(place) if each.id in wanted]
