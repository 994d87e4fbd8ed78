"""Drafts of the chat screen: each chat has its own, and a restart brings them back."""

from typing import TYPE_CHECKING

from textual.timer import Timer

from g4tui.tui.messages import PromptSent
from g4tui.tui.services import in_thread

if TYPE_CHECKING:
    from g4tui.tui.drafts import Drafts
    from g4tui.tui.screens.chat_base import ChatBase
    from g4tui.tui.services import Services
    from g4tui.tui.widgets.prompt import PromptBox

SAVE_S = 1.0
"""Seconds without a key after which what was typed is written."""


class ChatDrafts:
    """Swaps what the prompt holds when another chat comes on screen.

    `box` is the prompt in use, of the chat or of the compare screen. `goes_along`: the chat on
    screen was deleted elsewhere, and what was asked in it may be asked in the next one.
    """

    def __init__(self, screen: "ChatBase") -> None:
        self._screen = screen
        self.box: PromptBox = screen.prompt_box
        self._drafts: Drafts | None = None
        self._timer: Timer | None = None
        self.goes_along = False
        self._is_between = False

    @property
    def session(self) -> str:
        """The chat whose draft the prompt holds; empty: one that has not begun."""
        return self._screen.conversation.id or ""

    async def start(self, services: "Services") -> None:
        """Read what the last run left, and show it unless somebody types already."""
        from g4tui.tui.drafts import Drafts

        drafts = Drafts(services.paths.data / "drafts.json")
        await in_thread(drafts.load)
        self._drafts = drafts
        if self.box.is_empty and not self._screen.is_begun:
            self.bring()

    def put_away(self) -> None:
        """Another chat comes: what was typed stays with this one."""
        if self.goes_along:
            self.goes_along = False
            return
        self._keep()
        if self._drafts is not None and self.box.editing is None:
            self.box.clear()
            self._is_between = True

    def move_to(self, box: "PromptBox") -> None:
        """What was typed goes along to another prompt; the edit of a message stays where it is."""
        before, self.box = self.box, box
        if before is not box and before.editing is None and not before.is_empty:
            box.give_back(PromptSent(before.prompt.text, before.attachments))
            before.clear()

    def bring(self) -> None:
        """What was typed in the chat that is on screen now stands before what was typed since."""
        self._is_between = False
        draft = self._drafts.take(self.session) if self._drafts is not None else None
        if draft is not None:
            self.box.give_back(PromptSent(draft.text, draft.attachments))

    def sent(self) -> None:
        """It is no draft any more."""
        from g4tui.tui.drafts import Draft

        self.goes_along = False
        if self._drafts is not None:
            self._drafts.keep(self.session, Draft(""))

    def came_back(self, session: str, event: PromptSent) -> None:
        """A question of a chat was not asked: it stays with that one, also if it was left since."""
        from g4tui.tui.drafts import Draft

        is_here = session in ("", self.session) and not self._is_between
        if is_here or self._drafts is None or event.editing is not None:
            self.box.give_back(event)
            return
        session = session or self.session
        since = self._drafts.take(session) or Draft("")
        text = "\n".join(filter(None, (event.text, since.text)))
        self._drafts.keep(session, Draft(text, (*event.attachments, *since.attachments)))

    def changed(self) -> None:
        """Something was typed: write it soon."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(SAVE_S, self._later)

    def _later(self) -> None:
        self._screen.do_latest("drafts", self.save)

    async def save(self) -> None:
        """Write it now. A disk that takes nothing must not stop anybody from typing."""
        self._keep()
        if self._drafts is not None:
            try:
                await in_thread(self._drafts.save)
            except OSError as error:
                self._screen.app.log.warning(f"drafts: {error}")

    def _keep(self) -> None:
        from g4tui.tui.drafts import Draft

        if self._drafts is not None and self.box.editing is None:
            self._drafts.keep(self.session, Draft(self.box.prompt.text, self.box.attachments))
