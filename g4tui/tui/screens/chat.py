"""The chat: sessions at the left, the conversation, the prompt below it."""

from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from g4tui.core import ErrorInfo, G4tuiError, Progress
from g4tui.sanitize import clean
from g4tui.tui import messages as told
from g4tui.tui import words
from g4tui.tui.answering import Answering
from g4tui.tui.bindings import bindings
from g4tui.tui.conversation import Conversation
from g4tui.tui.flow import Flow
from g4tui.tui.services import Services, in_thread
from g4tui.tui.startup import error_of
from g4tui.tui.widgets.entries import WelcomeEntry
from g4tui.tui.widgets.header import Header
from g4tui.tui.widgets.notice_entry import NoticeEntry
from g4tui.tui.widgets.prompt import PromptBox
from g4tui.tui.widgets.session_list import SessionList
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript import Transcript
from g4tui.tui.widgets.transcript_messages import (
    CodeClosed,
    EndWanted,
    KeyReturned,
    PageWanted,
    RowActed,
)

if TYPE_CHECKING:
    from g4tui.store import MessageRow
    from g4tui.tui.app import G4tuiApp

NARROW = 100
"""Below this many columns the sidebar is folded until it is asked for."""
