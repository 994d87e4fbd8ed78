"""What widgets and screens tell each other: past-tense facts that bubble up to the chat screen."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from g4tui.core.errors import ErrorInfo
    from g4tui.core.messages import Attachment
    from g4tui.store import SessionRow


class ServicesReady(Message):
    """`app.services` is there; posted to the app once, after the first paint."""


class ServicesFailed(Message):
    """The library or the settings could not be opened."""

    def __init__(self, error: "ErrorInfo") -> None:
        self.error = error
        super().__init__()


class PluginsLoaded(Message):
    """Every plugin has loaded, failed or run out of time."""


class SessionChosen(Message):
    """A session was picked in the list (or found, with these words): show it."""

    def __init__(self, session_id: str, message_id: str | None = None, words: str = "") -> None:
        self.session_id = session_id
        self.message_id = message_id
        self.words = words
        super().__init__()


class NewSessionAsked(Message):
    """A new chat is wanted."""


class SessionRenameAsked(Message):
    """The person wants another title for a session."""

    def __init__(self, session_id: str, title: str) -> None:
        self.session_id = session_id
        self.title = title
        super().__init__()


class SessionDeleteAsked(Message):
    """The person wants a session in the bin."""

    def __init__(self, session: "SessionRow") -> None:
        self.session = session
        super().__init__()


class SessionsChanged(Message):
    """Titles, order or number of sessions changed: the list should be read again."""


class ModelChosen(Message):
    """Another model is to answer from now on; `model` is its full id."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__()


class PromptSent(Message):
    """Enter in the prompt. `editing` is the message that the text replaces, if it does."""

    def __init__(
        self, text: str, attachments: "tuple[Attachment, ...]" = (), editing: str | None = None
    ) -> None:
        self.text = text
        self.attachments = attachments
        self.editing = editing
        super().__init__()


class FindWanted(Message):
    """Another text is looked for in the chat on screen."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class FindSettled(Message):
    """Enter in the line for it: the keys go to the messages."""


class LinkAsked(Message):
    """A link in a message was clicked; its URL is shown before anything opens."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__()
