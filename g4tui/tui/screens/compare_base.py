"""The panes of the compare screen: side by side or as tabs, one of them active, moved together."""

from functools import partial
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from g4tui.engine.late import LateSaves
from g4tui.sanitize import clean
from g4tui.tui.bindings import ACTIONS, bindings
from g4tui.tui.commands import keys_of_action
from g4tui.tui.compared import Compared
from g4tui.tui.comparing import Comparing
from g4tui.tui.screens.asking import AskingScreen
from g4tui.tui.widgets.compare_pane import ComparePane
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript import Transcript
from g4tui.tui.words import short_model

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.store.rows import VoteRow
    from g4tui.tui.flow import Flow
    from g4tui.tui.screens.chat import ChatScreen

FEWEST, MOST = 2, 4
_BETWEEN = "  │  "
PANE_WIDTH = 50
"""Columns that a pane needs beside others; where there are fewer, panes are tabs."""
KEEP = (
    "screen.stop",
    "screen.stop_all",
    "screen.vote('left')",
    "screen.vote('right')",
    "screen.vote('tie')",
    "screen.vote('both_bad')",
    "send",
    "screen.next_pair",
    "screen.reveal",
    "screen.back",
    "screen.blind",
    "app.help",
    "screen.reason",
    "screen.correct",
    "screen.unvote",
    "screen.go_on",
    "screen.sides",
    "act('regenerate')",
)


class CompareBase(AskingScreen):
    """Its widgets, and which of the panes keys act on.

    `pair`: the places of the two answers that a vote is on, those that were active last; their
    titles have the keys that vote for them.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("compare"))

    def __init__(self, chat: "ChatScreen", flow: "Flow") -> None:
        super().__init__(StatusLine(id="status", keep=KEEP))
        self.chat = chat
        self.drafts, self.dialogs = chat.drafts, chat.dialogs
        self.flow = flow
        self.tabs = Static("", id="tabs", markup=False)
        self.panes = [ComparePane(place) for place in range(MOST)]
        self.votes: LateSaves[VoteRow] = LateSaves()
        self.comparing = Comparing(flow, self.panes, self, self.votes)
        self.in_step = False
        self.pair = (0, 1)
        self._stepping = False
        for pane in self.panes:
            pane.conversation.may_continue = flow.services.runtime.may_continue
            pane.transcript.give_key = self._take_key
            pane.transcript.flush_s = flow.services.settings.ui.flush_ms / 1000
            pane.transcript.on_scrolled = partial(self._scrolled, pane)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.tabs
        with Horizontal(id="panes"):
            yield from self.panes
        yield self.prompt_box
        yield self.status

    # which pane

    @property
    def active(self) -> ComparePane:
        """The pane that keys act on."""
        return next((pane for pane in self.panes if pane.has_class("-active")), self.panes[0])

    def activate(self, pane: ComparePane) -> None:
        """Keys act on this one from now on."""
        before = self.active.place
        for each in self.panes:
            each.set_class(each is pane, "-active")
        if before != pane.place:
            self.pair_up(before, pane.place)
        self._show_ways()
        self.show_tabs()

    def pair_up(self, one: int, other: int) -> None:
        """A vote is on these two from now on."""
        self.pair = (min(one, other), max(one, other))
        several = len(self.comparing.models) > FEWEST
        for pane in self.panes:
            pane.mark(self._key_for(pane.place) if several else "")
        self.show_note()

    def _key_for(self, place: int) -> str:
        """Of an answer that may be voted for, the key that does."""
        names = ("pane.left_better", "pane.right_better")
        keys = dict(zip(self.pair, names, strict=True))
        return keys_of_action(self.app, keys[place]) if place in keys else ""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one that keys act on."""
        for pane in self.panes:
            if event.widget is pane.transcript:
                self.activate(pane)
        self._show_ways()

    @property
    def is_inside(self) -> bool:
        """Whether single keys act on an answer now."""
        return any(pane.transcript is self.focused for pane in self.panes)

    @property
    def answers(self) -> Transcript:
        """The active pane's."""
        return self.active.transcript

    def _take_key(self, event: events.Key) -> None:
        """Typed on an answer: for the prompt, unless it is a key of answers that waits."""
        if not self.is_inside or not self.refuses(event.key):
            self.prompt_box.take_key(event)

    def refuses(self, key: str) -> bool:
        """A key that would vote, or look at names or another pair, is never typed."""
        compared = self.comparing.compared
        mine = [act for act in ACTIONS if act.place == "pane"]
        act = next((a for a in mine if key in self.app._keymap.get(a.id, a.keys).split(",")), None)
        if compared is None or act is None:
            return False
        if not self._may_vote:
            if act.id != "pane.stop_all":
                self.tell("Once the answers are there.")
        elif act.id == "pane.reveal":
            self.tell("The names are shown already.")
        elif act.id == "pane.next_pair":
            self.tell("There is one pair only.")
        return True

    @property
    def _may_vote(self) -> bool:
        """Whether there are answers, and all have ended."""
        compared = self.comparing.compared
        return compared is not None and len(compared.answers) > 1 and not compared.writing

    def _show_ways(self) -> None:
        """Hints in a pane tell how to get to it."""
        active = self.active.place
        first = [] if self.is_inside else ["Esc"]
        for pane in self.panes:
            beside = [] if pane.place == active else ["→" if pane.place > active else "←"]
            pane.transcript.lead([*first, *beside])

    def on_resize(self) -> None:
        """Side by side where there is room."""
        self.show_side_by_side()

    def show_side_by_side(self) -> None:
        """Side by side, or tabs."""
        count = max(FEWEST, len(self.comparing.models))
        self.set_class(self.app.size.width < count * PANE_WIDTH, "-tabs")
        self.show_tabs()

    def show_tabs(self) -> None:
        """Who is behind which tab, and who is at work."""
        compared = self.comparing.compared
        shown = self.panes[: len(self.comparing.models)]
        names = [clean(pane.name_shown) for pane in shown]
        keys = [self._key_for(pane.place) for pane in shown]
        busy = [" …" if compared is not None and compared.is_busy(p.place) else "" for p in shown]
        rest = sum(len(key) + 3 for key in keys) + len(_BETWEEN) * (len(shown) - 1) + 2
        room = max(0, self.app.size.width - rest)
        if sum(map(cell_len, names)) > room:
            names = [short_model(name, room // len(shown)) for name in names]
        parts: list[Content] = []
        for pane, key, name, mark in zip(shown, keys, names, busy, strict=True):
            style = "bold $text-accent" if pane is self.active else "$foreground-muted"
            click = Style.from_meta({"@click": f"screen.show({pane.place})"})
            parts.append(Content.styled(f"{key} {name}{mark}".strip(), style).stylize(click))
        self.tabs.update(Content(_BETWEEN).join(parts))

    def action_show(self, place: int) -> None:
        """Bring a pane to the front."""
        pane = self.panes[place]
        self.activate(pane)
        self.set_focus(pane.transcript)

    def action_other(self, step: int) -> None:
        """The pane at the left or right."""
        place = self.active.place + step
        if 0 <= place < len(self.comparing.models):
            self.action_show(place)

    def action_next_pair(self) -> None:
        """Vote on two others."""
        pairs = list(combinations(range(len(self.comparing.models)), 2))
        one, other = pairs[(pairs.index(self.pair) + 1) % len(pairs)]
        self.action_show(one)
        self.pair_up(one, other)
        self.turn_changed()

    # scrolling

    def _scrolled(self, pane: ComparePane) -> None:
        if not self.in_step or self._stepping:
            return
        self._stepping = True
        for other in self.panes[: len(self.comparing.models)]:
            if other is not pane:
                other.transcript.go_along(pane.transcript.from_question)
        self._stepping = False

    def action_page(self, direction: int) -> None:
        """Scroll the active pane, wherever the focus is."""
        transcript = self.active.transcript
        step = max(1, transcript.size.height - 2)
        transcript.go_to(transcript.scroll_offset.y + direction * step)

    def action_bottom(self) -> None:
        """To the newest text in all panes."""
        for pane in self.panes[: len(self.comparing.models)]:
            pane.transcript.action_end()

    def action_step(self) -> None:
        """Scroll together, or each by itself."""
        self.in_step = not self.in_step
        words = "Answers scroll in step." if self.in_step else "Each answer scrolls by itself."
        self.tell(words)

    # what the doings tell: drawn by the screen itself

    def sides_changed(self) -> None:
        """Show as many panes as there are models."""
        raise NotImplementedError

    def show_note(self) -> None:
        """Tell of the vote on the pair."""
        raise NotImplementedError

    def turn_changed(self) -> None:
        """Draw what is known of the turn."""
        raise NotImplementedError

    def turn_over(self, compared: Compared, error: "ErrorInfo | None") -> None:
        """To the answers, unless somebody types."""
        raise NotImplementedError
