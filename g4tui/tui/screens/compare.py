"""The compare screen: one prompt, several models side by side (tabs where it is narrow), a vote."""

from itertools import chain
from typing import TYPE_CHECKING

from textual import events, on
from textual.widgets import TextArea

from g4tui.sanitize import clean, clean_line
from g4tui.tui import messages as told
from g4tui.tui.commands import keys_of_action
from g4tui.tui.compared import Compared
from g4tui.tui.habits import Habits
from g4tui.tui.screens.compare_base import FEWEST, CompareBase
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.compare_pane import TELL_S, ComparePane
from g4tui.tui.widgets.transcript_messages import CodeClosed
from g4tui.tui.words import without_middle

if TYPE_CHECKING:
    from g4tui.core import Attachment, ErrorInfo
    from g4tui.store.rows import Verdict, VoteRow

VERDICTS: dict["Verdict", str] = {
    "left": "left",
    "right": "right",
    "tie": "tie",
    "both_bad": "both bad",
}

REASON = 24
"""Columns that the reason of a vote has in the status."""

VOTING = (
    "pane.left_better",
    "pane.right_better",
    "pane.tie",
    "pane.both_bad",
    "pane.unvote",
    "pane.reason",
)


class CompareScreen(CompareBase):
    """Shows the chat's session with several models. It lives on while another screen is shown."""

    _told_of = ""
    """What stands in the prompt, if it is a key that votes and the person was told so."""

    def on_mount(self) -> None:
        """Up walks through what was asked in the chat, too."""
        self.votes.tell(self._vote_saved)
        self.flow.services.chat.late.tell(self.comparing.answer_saved)
        self.prompt_box.prompt.asked = self.chat.prompt_box.prompt.asked
        habits = Habits(self.tell)
        self.prompt_box.may_send = lambda text: self._is_no_vote(text) and habits.may_send(text)
        self.set_interval(TELL_S, self._tell_progress)

    def open(self) -> None:
        """Show the chat's session, and what was typed there."""
        self.drafts.move_to(self.prompt_box)
        self.activate(self.panes[0])
        self.do_latest("open", self._open)
        self.prompt_box.prompt.focus()

    async def _open(self) -> None:
        await self.comparing.open()
        self._colour_all()

    # what the doings tell

    def sides_changed(self) -> None:
        """Show as many panes as there are models."""
        count = len(self.comparing.models)
        for pane in self.panes:
            pane.set_class(pane.place >= count, "-unused")
        if self.active.place >= count:
            self.activate(self.panes[0])
        self.pair_up(0, 1)
        self.show_side_by_side()

    def turn_changed(self) -> None:
        """Draw what is known of the turn."""
        row = self.flow.session
        title = (row.title if row is not None else "") or "New chat"
        self.header.title = f"Compare, {self._blindness} · {title}"
        self.header.model = f"{len(self.comparing.models)} models"
        self.header.place = "private" if self.flow.is_private else ""
        for pane in self.panes:
            pane.choose(self.comparing.is_chosen(pane.place))
        self.show_tabs()
        self.show_note()
        self.chat.turns.show_running()
        self.refresh_bindings()

    @property
    def _blindness(self) -> str:
        """Of the names in view; else of the next question."""
        compared, words = self.comparing.compared, "blind" if self.comparing.blind else "blind off"
        if compared is None or compared.is_hidden == self.comparing.blind:
            return words
        return f"{words} from the next question"

    def turn_over(self, compared: Compared, error: "ErrorInfo | None") -> None:
        """To the answers, unless somebody types."""
        self.chat.sessions_changed()
        if error is not None:
            self.failed(error)
            self.drafts.goes_along = error.kind == "missing"
        if compared is self.comparing.compared and not compared.writing:
            if self.prompt_box.is_empty and self.prompt_box.prompt.has_focus:
                self.set_focus(self.active.transcript)
            self._colour_all()
        self.turn_changed()
        if self.app.screen is not self and self.flow.session is not None:
            self.chat.turns.lost_place(compared.session)

    def _vote_saved(self, vote: "VoteRow") -> None:
        self.comparing.saved_late(vote)
        self.turn_changed()

    def show_note(self) -> None:
        """Whether the pair in view has a vote, and which."""
        compared, given = self.comparing.compared, self.comparing.given(self.pair)
        voted, of = self.comparing.progress
        note = ""
        if compared is not None and compared.writing:
            note = "answering"
        elif given is not None:
            is_hidden = compared is not None and compared.is_hidden
            kind = ", blind" if given.row is not None and given.row.blind and not is_hidden else ""
            if given.row is None:
                kind = ", not saved yet"
            elif compared is not None and not compared.shows(given.row.shown):
                kind += ", before it was asked again"
            note = f"vote: {VERDICTS[given.verdict]}{kind}"
            if is_hidden:
                note += f", {voted} of {of}"
            if given.row is not None and given.row.reason:
                note += f" ({without_middle(clean_line(given.row.reason), REASON)})"
        elif compared is not None and len(compared.answers) > 1:
            note = "no vote yet"
        self.status.note = note
        self._show_way()

    def _show_way(self) -> None:
        """In the empty prompt: how to get from where the keys are to the other place."""
        words = ""
        if self._may_vote:
            asks, votes = "Enter: ask all the next question", "Ask all · Esc: vote, 1 to 4"
            words = asks if self.is_inside else votes
        self.prompt_box.prompt.placeholder = words

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """How to vote depends on it."""
        super().on_descendant_focus(event)
        self._show_way()

    def _tell_progress(self) -> None:
        compared = self.comparing.compared
        if compared is not None and compared.writing and not compared.is_hidden:
            for place in compared.writing:
                self.panes[place].tell_progress()

    def _colour_all(self) -> None:
        for pane in self.panes[: len(self.comparing.models)]:
            self.colour(pane.transcript)

    @on(CodeClosed)
    def _code_closed(self, event: CodeClosed) -> None:
        for pane in self.panes:
            if pane.transcript.entry(event.entry.key) is event.entry:
                self.do(self.dialogs.colour, event.entry, event.code, pane.transcript)

    # asking

    def _is_no_vote(self, text: str) -> bool:
        """A key that votes, typed into the prompt, is no question before the second Enter."""
        keys = [keys_of_action(self.app, action).split() for action in VOTING]
        if not self._may_vote or text == self._told_of or text not in chain(*keys):
            return True
        self._told_of = text
        self.tell(f"To vote: Esc, then {text}. Enter once more asks all models “{text}”.")
        return False

    @on(TextArea.Changed, "#prompt")
    def _on_another_text(self) -> None:
        if self.prompt_box.prompt.text != self._told_of:
            self._told_of = ""

    @on(told.PromptSent)
    def _on_prompt_sent(self, event: told.PromptSent) -> None:
        self.do(self.send, event)

    async def put(
        self, text: str, attachments: "tuple[Attachment, ...]", editing: str | None
    ) -> bool:
        """Ask all of the models."""
        return await self.comparing.send(text, attachments)

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
                compared = self.comparing.compared
                if compared is None or acted.row.id != compared.answers[pane.place].id:
                    self.tell("Only an answer to the newest question is asked for again here.")
                    return
                self.do(self.comparing.again, pane.place, resume=acted.action == "resume")
            case "release":
                self.do(self.flow.release, acted.row)
            case "keep":
                self.do(self.comparing.keep, pane.place, acted.row)

    @on(ComparePane.OlderWanted)
    def _older_wanted(self, event: ComparePane.OlderWanted) -> None:
        self.do_latest(f"page-{event.pane.place}", self.comparing.older, event.pane)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what does something now."""
        compared = self.comparing.compared
        if action in ("stop", "stop_all"):
            return compared is not None and bool(compared.writing)
        if action == "next_pair" and len(self.comparing.models) <= FEWEST:
            return False
        if action == "reveal" and (compared is None or not compared.is_hidden):
            return False
        if action in ("vote", "unvote", "reason", "reveal", "correct", "go_on", "next_pair"):
            return self._may_vote
        return True

    def action_stop(self) -> None:
        """The answer of the pane with the focus; all, from the prompt."""
        inside = self.active.transcript.has_focus
        if not inside or not self.comparing.stop(self.active.place):
            self.comparing.stop(None)

    def action_stop_all(self) -> None:
        """Silence all."""
        self.stop_all()

    def stop_all(self) -> bool:
        """All answers that are being written."""
        return self.comparing.stop(None)

    def action_to_answers(self) -> None:
        """Where single keys act; who is there stays there."""
        self.set_focus(self.active.transcript)

    def action_to_prompt(self) -> None:
        """To ask the next question."""
        self.set_focus(self.prompt_box.prompt)

    def action_back(self) -> None:
        """To the chat, with what was typed."""
        self.drafts.move_to(self.chat.prompt_box)
        self.app.back_to_chat()
        if not self.chat.prompt_box.is_empty:
            self.chat.prompt_box.prompt.focus()

    def action_new(self) -> None:
        """A comparison in a chat of its own."""
        self.drafts.put_away()
        self.flow.begin()
        self.drafts.bring()
        self.open()

    def action_next_comparison(self) -> None:
        """To vote on it."""
        self.do_latest("session", self._open_next)

    async def _open_next(self) -> None:
        session = await in_thread(self.comparing.unvoted)
        if session is None:
            self.tell("No other comparison is without a vote.")
            return
        async with self._sending:  # what is sent from now on belongs to this session
            self.drafts.put_away()
            try:
                await self.flow.open(session)
            finally:
                self.drafts.bring()
        self.activate(self.panes[0])
        await self._open()
        self.set_focus(self.active.transcript)

    def action_find(self) -> None:
        """Find in all chats, and go to one."""
        self.do_latest("dialog", self._find)

    async def _find(self) -> None:
        if await self.chat.ways.find():
            self.action_back()

    def action_parameters(self) -> None:
        """How all are asked."""
        self.do_latest("dialog", self.dialogs.parameters)

    def action_blind(self) -> None:
        """Hide names from the next question on, or no longer."""
        hide = not self.comparing.blind
        self.tell(
            "Blind: from the next question on, names are hidden until you vote."
            if hide
            else "Not blind: the next answers have names."
        )
        self.do(self.comparing.hide_names, hide)

    def action_vote(self, verdict: "Verdict") -> None:
        """Which answer is better."""
        self.do(self.comparing.give_vote, verdict, self.pair)

    def action_unvote(self) -> None:
        """Take it back."""
        self.do(self.comparing.take_back, self.pair)

    def action_reveal(self) -> None:
        """Who wrote which."""
        self.do(self.comparing.reveal)

    def action_go_on(self) -> None:
        """From the answer at the cursor's pane."""
        self.do(self.comparing.go_on, self.active.place)

    def action_sides(self) -> None:
        """Choose the models."""
        self.do_latest("dialog", self._choose_sides)

    def action_choose_model(self) -> None:
        """The same, by a click into the header."""
        self.action_sides()

    async def _choose_sides(self) -> None:
        from g4tui.tui.screens.sides import SidesScreen

        models = await self.app.push_screen_wait(SidesScreen(self.comparing.models))
        if models:
            await self.comparing.use(models)

    @on(told.ModelChosen)
    def _on_model_chosen(self, event: told.ModelChosen) -> None:
        models = list(self.comparing.models)
        models[self.active.place] = event.model
        self.do(self.comparing.use, models)

    def action_reason(self) -> None:
        """Why: a line beside the vote."""
        self.do_latest("dialog", self._give_reason)

    async def _give_reason(self) -> None:
        from g4tui.tui.screens.text import ReasonScreen

        pair = self.pair
        given = self.comparing.given(pair)
        if given is None:
            self.tell("Vote first: 1, 2, 3 or 4.")
            return
        reason = given.row.reason if given.row is not None else ""
        text = await self.app.push_screen_wait(ReasonScreen("Why?", reason))
        if text is not None:
            await self.comparing.give_vote(given.verdict, pair, text)

    def action_correct(self) -> None:
        """What the answer should have been."""
        self.do_latest("dialog", self._correct)

    async def _correct(self) -> None:
        from g4tui.tui.screens.text import CorrectionScreen

        compared, place = self.comparing.compared, self.active.place
        if compared is None or place not in compared.answers:
            return
        title = f"What {compared.short_name(place)} should have answered"
        shown = self.panes[place].conversation.shown(compared.answers[place])
        before = shown.message.text
        text = await self.app.push_screen_wait(CorrectionScreen(title, before))
        if text is not None and text.strip():
            await self.comparing.correct(place, text)
