"""One side of a comparison: a transcript of its line, what it is called, and its numbers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from msgspec import structs
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from g4tui.sanitize import clean_line
from g4tui.store.veil import Veil
from g4tui.tui.answering import AnswerView
from g4tui.tui.bindings import bindings, bindings_of
from g4tui.tui.conversation import FIRST_PAGE, Conversation
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.entries import WAY, RuleEntry, WelcomeEntry
from g4tui.tui.widgets.transcript import Transcript
from g4tui.tui.widgets.transcript_messages import EndWanted, PageWanted, RowActed
from g4tui.tui.words import model_label, short_model

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo, Progress, Usage
    from g4tui.store import MessageRow, SessionRow, Store, TurnRow

_KEPT = (
    "transcript.regenerate",
    "transcript.copy",
    "transcript.continue",
    "transcript.keep",
    "transcript.release",
    "transcript.thinking",
    "transcript.log",
    "transcript.previous",
    "transcript.next",
    "transcript.up",
    "transcript.down",
    "transcript.home",
    "transcript.end",
    "chat.page_up",
    "chat.page_down",
    "chat.bottom",
)
_HISTORY = "history"
GOES_ON = "all go on from here"
TELL_S = 0.5
"""Seconds between two looks at the numbers of an answer that is being written."""


def _others(own: Sequence[Binding]) -> list[Binding]:
    """What the chat's messages do, too, with the keys that mean nothing else here."""
    taken = {key for binding in own for key in binding.key.split(",")}
    return [
        replace(each, key=",".join(key for key in each.key.split(",") if key not in taken))
        for each in bindings_of(_KEPT)
    ]


class PaneTranscript(Transcript, inherit_bindings=False):
    """A transcript beside others. `on_scrolled` hears of every move that is not its own."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pane"), *_others(bindings("pane"))]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.on_scrolled: Callable[[], None] = lambda: None
        self._settling = False
        self._way = WAY

    @property
    def way(self) -> str:
        """As `lead` was told."""
        return self._way

    def lead(self, keys: Sequence[str]) -> None:
        """These keys lead to here from where one is."""
        way = f"{', '.join(keys)}, then " if keys else ""
        if way != self._way:
            self._way = way
            self._redraw()

    def settle(self) -> None:
        """Stay at the end, which is no move of the person's."""
        self._settling = True
        super().settle()
        self._settling = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Others may go along."""
        super().watch_scroll_y(old_value, new_value)
        if not self._settling and round(old_value) != round(new_value):
            self.on_scrolled()

    @property
    def from_question(self) -> int:
        """Rows from the newest question, which all panes share, to the top of the screen."""
        return self.scroll_offset.y - self._question

    def go_along(self, offset: int) -> None:
        """Scroll to `offset` rows below the newest question."""
        self.go_to(max(0, min(self._question + offset, self.max_scroll_y)))

    @property
    def _question(self) -> int:
        marks = [index for index, entry in enumerate(self._entries) if entry.mark == "user-bar"]
        return self._tops[marks[-1]] if marks and marks[-1] < len(self._tops) else 0


class PaneConversation(Conversation):
    """One line of a session, wherever the session's head is."""

    tip: str | None = None
    _common: str | None = None

    async def show_line(self, store: "Store", session: "SessionRow | None", tip: str) -> None:
        """Show the line that ends with the message `tip`; nothing, where it is empty."""
        rows, session_id = [], session.id if session is not None else ""
        if tip:
            self.veil = await in_thread(store.veil, session_id)
            rows = await in_thread(store.tail, session_id, tip, FIRST_PAGE)
        entries = await in_thread(self._entries, rows)
        self.session, self.tip = session, tip
        self._transcript.more_before = bool(rows) and rows[0].depth > 1
        self._transcript.more_after = False
        self._transcript.show(entries)
        self._mark()

    def see(self, turn: "TurnRow", answers: Sequence["MessageRow"] = ()) -> None:
        """From now on that turn, with these answers, is hidden, or no longer."""
        self.veil = (self.veil or Veil()).with_turn(turn, answers)

    def mark_history(self, question: str | None) -> None:
        """Tell that what stands above a blind question was given to all, not to this one alone."""
        self._common = question
        self._mark()

    def _mark(self) -> None:
        question = self._common
        self._transcript.take_out(_HISTORY)
        place = self._transcript.index_of(question)
        if place is not None and any(each.selectable for each in self._transcript.entries[:place]):
            words = "blind: all go on from what stands above"
            self._transcript.add(RuleEntry(_HISTORY, words), before=question)

    def shown(self, row: "MessageRow") -> "MessageRow":
        """Siblings are answers of others, and numbers stand below the pane."""
        return structs.replace(super().shown(row), siblings=1, position=1, usage=None)


class ComparePane(Vertical):
    """The side at `place`, from the left. It is told what to show; keys on it become messages."""

    DEFAULT_CSS = """
    ComparePane {
        width: 1fr; height: 1fr;
        border: round $foreground 25%; border-title-align: left;
        border-title-color: $text-success; border-title-style: bold;
        border-subtitle-color: $text-muted; border-subtitle-align: left;
        &.-active { border: round $accent 40%; }
        &.-active:focus-within { border: round $accent; }
        PaneTranscript { height: 1fr; background: $background; }
        .facts, .choice { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; }
        .choice { display: none; }
    }
    """

    class Acted(Message):
        """A key on a message of the pane, or (`action` None) it needs its line again."""

        def __init__(self, pane: "ComparePane", acted: RowActed | None) -> None:
            self.pane = pane
            self.acted = acted
            super().__init__()

    class OlderWanted(Message):
        """The person reads upwards: what was said before is wanted."""

        def __init__(self, pane: "ComparePane") -> None:
            self.pane = pane
            super().__init__()

    def __init__(self, place: int) -> None:
        super().__init__(id=f"pane-{place}")
        self.place = place
        self.transcript = PaneTranscript(id=f"answers-{place}")
        self.view = AnswerView(self.transcript, self)
        self.conversation = PaneConversation(self.transcript, self.view.live)
        self.view.conversation = self.conversation
        self._facts = Static("", classes="facts", markup=False)
        self._first: float | None = None
        self._pieces = 0
        self.name_shown = ""
        self.working = False
        self._key = ""

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self._facts
        yield Static(GOES_ON, classes="choice", markup=False)

    def call(self, name: str) -> None:
        """Its title: untrusted words."""
        self.name_shown = clean_line(name)
        self._show_title()

    def mark(self, key: str) -> None:
        """The key that votes for it goes before its title."""
        self._key = key
        self._show_title()

    def on_resize(self) -> None:
        """More room for its title, or less."""
        self._show_title()

    def _show_title(self) -> None:
        key = (f" {self._key}", "$text-accent") if self._key else ""
        rest = len(self._key) + 1 if self._key else 0
        room = self.size.width - 6 - rest if self.size.width else len(self.name_shown)
        self.border_title = Content.assemble(key, f" {short_model(self.name_shown, room)} ")

    def choose(self, chosen: bool) -> None:
        """Whether all models go on from here: on the border, and below where there is none."""
        self.border_subtitle = Content(f" {GOES_ON} ") if chosen else Content("")
        self.set_class(chosen, "-chosen")

    def await_question(self, name: str, model: str) -> None:
        """Nothing was asked yet. `model` is empty where names are hidden."""
        self.call(name)
        self.answered("")
        if not self.transcript.entries:
            who = f"{model_label(model)} answers here." if model else "Blind: who, after your vote."
            lines = [("One question for all", "title"), ("", ""), (who, "hint")]
            self.transcript.show([WelcomeEntry(lines)])

    # numbers

    def ask(self, words: str) -> None:
        """An answer is on its way."""
        self._first, self._pieces = None, 0
        self.working = True
        self.say(words)

    def answered(self, words: str) -> None:
        """It is whole."""
        self.working = False
        self.say(words)

    def count(self) -> None:
        """A piece of it came."""
        self._pieces += 1
        if self._first is None:
            self._first = monotonic()

    def tell_progress(self) -> None:
        """The numbers so far, once the first words are drawn; a piece is about a token.

        The time to the first token is the engine's, who knows when it was asked; it comes with the
        end of the answer.
        """
        entry = self.view.live.get(self.conversation.tip or "")
        if not self.working or self._first is None or (entry is not None and not entry.has_words):
            return
        since = monotonic() - self._first
        rate = f"~{self._pieces / since:.0f} tok/s" if since > 1 else ""
        self.say("   ".join(filter(None, (rate, f"~{self._pieces:,} tok"))))

    def say(self, facts: str) -> None:
        """The line below the answer."""
        self._facts.update(facts, layout=False)

    # what `AnswerView` tells

    def turn_started(self, session: str) -> None:
        """Its row is on the screen."""

    def turn_changed(self, session: str, progress: "Progress | None") -> None:
        """Shown in the transcript."""

    def context_used(self, session: str, used: int, limit: int) -> None:
        """Not shown: there are several models."""

    def turn_ended(self, session: str, answer: "MessageRow | None") -> None:
        """Heard elsewhere."""

    def turn_failed(self, session: str, error: "ErrorInfo") -> None:
        """Heard elsewhere."""

    def lost_place(self, session: str) -> None:
        """Another line must be loaded."""
        self.post_message(self.Acted(self, None))

    # what the transcript tells

    @on(RowActed)
    def _row_acted(self, event: RowActed) -> None:
        event.stop()
        self.post_message(self.Acted(self, event))

    @on(PageWanted)
    def _page_wanted(self, event: PageWanted) -> None:
        event.stop()
        if event.older:
            self.post_message(self.OlderWanted(self))

    @on(EndWanted)
    def _end_wanted(self, event: EndWanted) -> None:
        event.stop()
        self.post_message(self.Acted(self, None))


def numbers(usage: "Usage | None") -> str:
    """`first 0.61 s   88 tok/s   312 tok   $0.0002`, as far as it is known."""
    if usage is None:
        return ""
    parts = []
    if usage.ttft_s is not None:
        parts.append(f"first {usage.ttft_s:.2f} s")
    if usage.tok_per_s is not None:
        parts.append(f"{usage.tok_per_s:.0f} tok/s")
    parts.append(f"{'~' if usage.estimated else ''}{usage.completion:,} tok")
    if usage.cost_usd is not None:
        parts.append(f"${usage.cost_usd:.4f}" if usage.cost_usd else "$0")
    return "   ".join(parts)
