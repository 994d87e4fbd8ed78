"""The compare screen: one prompt, several models side by side (tabs where it is narrow), a vote."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, ParamSpec

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from g4tui.engine.late import LateSaves
from g4tui.sanitize import clean
from g4tui.tui import messages as told
from g4tui.tui.bindings import bindings
from g4tui.tui.compared import Compared
from g4tui.tui.comparing import Comparing
from g4tui.tui.startup import error_of
from g4tui.tui.widgets.compare_pane import TELL_S, ComparePane
from g4tui.tui.widgets.header import Header
from g4tui.tui.widgets.prompt import PromptBox
from g4tui.tui.widgets.status import StatusLine
from g4tui.tui.widgets.transcript_messages import CodeClosed

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo
    from g4tui.store.rows import Verdict, VoteRow
    from g4tui.tui.app import G4tuiApp
    from g4tui.tui.flow import Flow
    from g4tui.tui.screens.chat import ChatScreen

P = ParamSpec("P")

MOST = 4
PANE_WIDTH = 50
"""Columns that a pane needs beside others; where there are fewer, panes are tabs."""
KEEP = (
    "screen.stop",
    "screen.vote('left')",
    "screen.vote('right')",
    "screen.vote('tie')",
    "screen.vote('both_bad')",
    "send",
    "screen.back",
    "screen.correct",
    "app.help",
    "screen.blind",
    "act('regenerate')",
    "screen.sides",
)
VERDICTS: dict["Verdict", str] = {
    "left": "left",
    "right": "right",
    "tie": "tie",
    "both_bad": "both bad",
}


class CompareScreen(Screen[None]):
    """Shows the chat's session with several models. It lives on while another screen is shown."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("compare"))
    AUTO_FOCUS = "#prompt"

    app: "G4tuiApp"

    def __init__(self, chat: "ChatScreen", flow: "Flow") -> None:
        super().__init__()
        self._chat = chat
        self._flow = flow
        self.header = Header(id="header")
        self.tabs = Static("", id="tabs", markup=False)
        self.panes = [ComparePane(place) for place in range(MOST)]
        self.prompt_box = PromptBox(id="prompt-box")
        self.status = StatusLine(id="status", keep=KEEP)
        self.votes: LateSaves[VoteRow] = LateSaves()
        self.votes.on_saved = self._vote_saved
        self.comparing = Comparing(flow, self.panes, self, self.votes)
        self.in_step = False
        self._stepping = False
        self._pair = (0, 1)
        for pane in self.panes:
            pane.transcript.give_key = self.prompt_box.take_key
            pane.transcript.flush_s = flow.services.settings.ui.flush_ms / 1000
            pane.transcript.on_scrolled = partial(self._scrolled, pane)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.tabs
        with Horizontal(id="panes"):
            yield from self.panes
        yield self.prompt_box
        yield self.status

    def on_mount(self) -> None:
        """Up walks through what was asked in the chat, too."""
        self.prompt_box.prompt.asked = self._chat.prompt_box.prompt.asked
        self.set_interval(TELL_S, self._tell_progress)

    def open(self) -> None:
        """Show the chat's session."""
        self._activate(self.panes[0])
        self.do_latest("open", self._open)
        self.prompt_box.prompt.focus()

    async def _open(self) -> None:
        await self.comparing.open()
        self._colour_all()

    # running work

    def do(
        self, work: Callable[P, Coroutine[object, object, object]], *args: P.args, **named: P.kwargs
    ) -> None:
        """Run a coroutine function beside everything else."""
        self.run_worker(partial(work, *args, **named), group="compare", exit_on_error=False)

    def do_latest(
        self,
        group: str,
        work: Callable[P, Coroutine[object, object, object]],
        *args: P.args,
        **named: P.kwargs,
    ) -> None:
        """The same, in place of what runs in that group."""
        self.run_worker(
            partial(work, *args, **named), group=group, exclusive=True, exit_on_error=False
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What failed is told."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.app.tell(str(error_of(event.worker.error)), error=True)

    # what the doings tell

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A passing remark."""
        self.app.tell(text, warning=warning)

    def sides_changed(self) -> None:
        """Show as many panes as there are models."""
        count = len(self.comparing.models)
        for pane in self.panes:
            pane.set_class(pane.place >= count, "-unused")
        if self.active.place >= count:
            self._activate(self.panes[0])
        self._pair = (0, 1)
        self._arrange()

    def turn_changed(self) -> None:
        """Draw what is known of the turn."""
        row = self._flow.session
        title = (row.title if row is not None else "") or "New chat"
        blind = "blind" if self.comparing.blind else "blind off"
        self.header.title = f"{title} · Compare, {blind}"
        self.header.model = f"{len(self.comparing.models)} models"
        self._show_tabs()
        self._show_note()
        self._chat.turns.show_running()
        self.refresh_bindings()

    def turn_over(self, compared: Compared, error: "ErrorInfo | None") -> None:
        """To the answers, unless somebody types."""
        self._chat.sessions_changed()
        if error is not None:
            self.app.tell(str(error), error=True)
        if compared is self.comparing.compared and not compared.writing:
            if self.prompt_box.is_empty and self.prompt_box.prompt.has_focus:
                self.set_focus(self.active.transcript)
            self._colour_all()
        self.turn_changed()
        if self.app.screen is not self and self._flow.session is not None:
            self._chat.turns.lost_place(compared.session)

    def _vote_saved(self, vote: "VoteRow") -> None:
        self.comparing.saved_late(vote)
        self.turn_changed()

    def _show_note(self) -> None:
        compared, verdict = self.comparing.compared, self.comparing.verdict
        note = ""
        if compared is not None and compared.writing:
            note = "answering"
        elif verdict is not None:
            vote = self.comparing.vote
            kind = ", blind" if vote is not None and vote.blind else ""
            kind = kind if vote is not None else ", not saved yet"
            note = f"vote: {VERDICTS[verdict]}{kind}"
        elif compared is not None and len(compared.answers) > 1:
            note = "no vote yet"
        self.status.note = note

    def _tell_progress(self) -> None:
        compared = self.comparing.compared
        if compared is not None and compared.writing and not compared.is_hidden:
            for place in compared.writing:
                self.panes[place].tell_progress()

    def _colour_all(self) -> None:
        for pane in self.panes[: len(self.comparing.models)]:
            for entry in pane.transcript.entries:
                if code := entry.code_to_colour():
                    self.do(self._chat.dialogs.colour, entry, code, pane.transcript)

    @on(CodeClosed)
    def _code_closed(self, event: CodeClosed) -> None:
        for pane in self.panes:
            if pane.transcript.entry(event.entry.key) is event.entry:
                self.do(self._chat.dialogs.colour, event.entry, event.code, pane.transcript)

    # which pane

    @property
    def active(self) -> ComparePane:
        """The pane that keys act on."""
        return next((pane for pane in self.panes if pane.has_class("-active")), self.panes[0])

    @property
    def voted_pair(self) -> tuple[int, int]:
        """The places of the two answers that a vote is on."""
        return self._pair

    def _activate(self, pane: ComparePane) -> None:
        before = self.active.place
        for each in self.panes:
            each.set_class(each is pane, "-active")
        if before != pane.place:
            self._pair = (min(before, pane.place), max(before, pane.place))
        self._show_tabs()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one that keys act on."""
        for pane in self.panes:
            if event.widget is pane.transcript:
                self._activate(pane)

    def on_resize(self) -> None:
        """Side by side where there is room."""
        self._arrange()

    def _arrange(self) -> None:
        count = max(2, len(self.comparing.models))
        self.set_class(self.app.size.width < count * PANE_WIDTH, "-tabs")
        self._show_tabs()

    def _show_tabs(self) -> None:
        compared = self.comparing.compared
        parts: list[Content] = []
        for pane in self.panes[: len(self.comparing.models)]:
            busy = " …" if compared is not None and pane.place in compared.writing else ""
            style = "bold $text-accent" if pane is self.active else "$foreground-muted"
            click = Style.from_meta({"@click": f"screen.show({pane.place})"})
            parts.append(Content.styled(f"{clean(pane.name_shown)}{busy}", style).stylize(click))
        self.tabs.update(Content("  │  ").join(parts))

    def action_show(self, place: int) -> None:
        """Bring a pane to the front."""
        pane = self.panes[place]
        self._activate(pane)
        self.set_focus(pane.transcript)

    def action_other(self, step: int) -> None:
        """The pane at the left or right."""
        place = self.active.place + step
        if 0 <= place < len(self.comparing.models):
            self.action_show(place)

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
        self.tell("Answers scroll in step." if self.in_step else "Each answer scrolls by itself.")

    # asking

    @on(told.PromptSent)
    def _on_prompt_sent(self, event: told.PromptSent) -> None:
        self.do(self._send, event)

    async def _send(self, event: told.PromptSent) -> None:
        sent = False
        try:
            sent = await self.comparing.send(event.text, event.attachments)
        finally:
            if not sent:
                self.prompt_box.give_back(event)

    @on(ComparePane.Acted)
    def _acted(self, event: ComparePane.Acted) -> None:
        pane, acted = event.pane, event.acted
        if acted is None:
            self.do(self.comparing.reload, pane)
            return
        match acted.action:
            case "copy":
                self.do(self.app.copy_text, clean(acted.text))
            case "regenerate" | "resume":
                self.do(self.comparing.again, pane.place, resume=acted.action == "resume")
            case "release":
                self.do(self._flow.release, acted.row)
            case "keep":
                self.do(self._flow.keep, acted.row)

    @on(ComparePane.OlderWanted)
    def _older_wanted(self, event: ComparePane.OlderWanted) -> None:
        self.do_latest(f"page-{event.pane.place}", self.comparing.older, event.pane)

    @on(told.LinkAsked)
    def _on_link_asked(self, event: told.LinkAsked) -> None:
        self.do(self._chat.dialogs.open_link, event.url)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what does something now."""
        compared = self.comparing.compared
        is_written = compared is not None and bool(compared.writing)
        if action in ("stop", "stop_all"):
            return is_written
        if action in ("vote", "unvote", "reason", "reveal", "correct", "go_on"):
            return compared is not None and len(compared.answers) > 1 and not is_written
        return True

    def action_stop(self) -> None:
        """The answer of the pane with the focus; all, from the prompt."""
        inside = self.active.transcript.has_focus
        if not inside or not self.comparing.stop(self.active.place):
            self.comparing.stop(None)

    def action_stop_all(self) -> None:
        """Silence all."""
        self.comparing.stop(None)

    def action_interrupt(self) -> None:
        """Ctrl+C: stop all, else clear the prompt, else say how to quit."""
        if self.comparing.stop(None):
            return
        if not self.prompt_box.is_empty:
            self.prompt_box.put_away()
            self.tell("Cleared: Up brings it back.")
        else:
            self.tell("Ctrl+Q quits.")

    def action_leave(self) -> None:
        """From the prompt to the answers and back."""
        if self.prompt_box.prompt.has_focus:
            self.set_focus(self.active.transcript)
        else:
            self.prompt_box.prompt.focus()

    def action_back(self) -> None:
        """To the chat."""
        self.app.back_to_chat()

    def action_new(self) -> None:
        """A comparison in a chat of its own."""
        self._flow.begin()
        self.open()

    def action_parameters(self) -> None:
        """How all are asked."""
        self.do_latest("dialog", self._chat.dialogs.parameters)

    def action_blind(self) -> None:
        """Hide names from the next question on, or no longer."""
        self.comparing.blind = not self.comparing.blind
        self.tell(
            "Blind: from the next question on, names are hidden until you vote."
            if self.comparing.blind
            else "Not blind: the next answers have names."
        )
        self.turn_changed()

    def action_vote(self, verdict: "Verdict") -> None:
        """Which answer is better."""
        self.do(self.comparing.give_vote, verdict, self._pair)

    def action_unvote(self) -> None:
        """Take it back."""
        self.do(self.comparing.take_back)

    def action_reveal(self) -> None:
        """Who wrote which."""
        self.do(self.comparing.reveal)

    def action_go_on(self) -> None:
        """From the answer at the cursor's pane."""
        self.do(self.comparing.go_on, self.active.place)

    def action_sides(self) -> None:
        """Choose the models."""
        self.do_latest("dialog", self._choose_sides)

    async def _choose_sides(self) -> None:
        from g4tui.tui.screens.sides import SidesScreen

        models = await self.app.push_screen_wait(SidesScreen(self.comparing.models))
        if models:
            await self.comparing.use(models)

    def action_reason(self) -> None:
        """Why: a line beside the vote."""
        self.do_latest("dialog", self._give_reason)

    async def _give_reason(self) -> None:
        from g4tui.tui.screens.text import TextScreen

        vote = self.comparing.vote
        if vote is None:
            self.tell("Vote first: 1, 2, 3 or 4.")
            return
        text = await self.app.push_screen_wait(TextScreen("Why?", vote.reason))
        if text is not None:
            await self.comparing.give_vote(vote.verdict, self._pair, text)

    def action_correct(self) -> None:
        """What the answer should have been."""
        self.do_latest("dialog", self._correct)

    async def _correct(self) -> None:
        from g4tui.tui.screens.text import TextScreen

        compared, place = self.comparing.compared, self.active.place
        if compared is None or place not in compared.answers:
            return
        title = f"What {compared.short_name(place)} should have answered"
        before = compared.answers[place].message.text
        text = await self.app.push_screen_wait(TextScreen(title, before, tall=True))
        if text is not None and text.strip():
            await self.comparing.correct(place, text)
