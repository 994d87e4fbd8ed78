"""Ctrl+F: finding words in all sessions as they are typed."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from g4tui.core import G4tuiError
from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import in_thread
from g4tui.tui.widgets.line_list import LineList
from g4tui.tui.words import clock, counted, model_label

if TYPE_CHECKING:
    from g4tui.store import Hit, Store

LIMIT = 50
PAUSE_S = 0.04
"""Between a key and the search for what was typed."""
_WAIT_S = 3.0
DAY_S = 24 * 3600
TIMES = (("last 24 hours", 1), ("last 7 days", 7), ("last 30 days", 30), ("last year", 365))


class Query(NamedTuple):
    """What is looked for."""

    text: str = ""
    model: str | None = None
    days: int | None = None
    starred: bool = False
    tag: str | None = None


class Found(NamedTuple):
    """What was chosen: a message (or none), the words of it that were found, and the query."""

    session: str
    message: str | None
    words: str
    query: Query


class HitRow(NamedTuple):
    """A hit, or the title above the hits of one session."""

    key: str
    text: Content
    when: str = ""

    @property
    def selectable(self) -> bool:
        return bool(self.key)

    def content(self, width: int) -> Content:
        if not self.key:
            return Content.assemble(" ", self.text).truncate(width, ellipsis=True)
        room = max(8, width - len(self.when) - 5)
        text = self.text.truncate(room, ellipsis=True)
        gap = " " * max(1, width - 3 - text.cell_length - len(self.when) - 1)
        return Content.assemble("   ", text, gap, (self.when, "$foreground-muted"))


class FindScreen(Dialog[Found]):
    """One search runs at a time, in a thread; what was typed meanwhile is looked for next."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "find.tcss"]
    AUTO_FOCUS = "#query"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("find"),
        Binding("up", "move(-1)", "Hit above", show=False, priority=True),
        Binding("down", "move(1)", "Hit below", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
    ]
    title_text = "Find in all chats"

    def __init__(self, store: "Store", query: Query = Query()) -> None:
        self._store = store
        self._first = query
        self._wanted = Query()
        self._shown = Query()
        self._hits: Sequence[Hit] = ()
        self._serving = False
        super().__init__()

    def body(self) -> Iterable[Widget]:
        yield Input(self._first.text, placeholder="Words, or “a phrase”", id="query")
        starred = [("starred", True)]
        times: list[tuple[str, int]] = list(TIMES)
        yield Horizontal(
            Select[str]([], prompt="any model", id="model", compact=True),
            Select[int](times, prompt="any time", id="days", compact=True),
            Select[bool](starred, prompt="starred or not", id="starred", compact=True),
            Select[str]([], prompt="any tag", id="tag", compact=True),
            id="filters",
        )
        yield LineList[HitRow](id="hits")
        yield Static("", id="said", classes="muted")

    @property
    def hits(self) -> LineList[HitRow]:
        """The list."""
        return self.query_one("#hits", LineList)

    def on_mount(self) -> None:
        """Take up the last query."""
        self.hits.can_focus = False
        self._fill()

    @work(exit_on_error=False)
    async def _fill(self) -> None:
        """What the filters offer."""
        models, tags = await in_thread(self._store.models), await in_thread(self._store.tags)
        boxes: list[tuple[str, list[tuple[str, str]], str | None]] = [
            ("#model", [(model_label(model), model) for model in models], self._first.model),
            ("#tag", [(clean_line(tag), tag) for tag in tags], self._first.tag),
        ]
        for name, options, value in boxes:
            box: Select[str] = self.query_one(name, Select)
            box.set_options(options)
            if any(each == value for _, each in options) and value is not None:
                box.value = value
        if self._first.days is not None:
            self.query_one("#days", Select).value = self._first.days
        if self._first.starred:
            self.query_one("#starred", Select).value = True
        self._want()

    def _entered(self) -> Query:
        def chosen(name: str) -> object:
            box: Select[object] = self.query_one(name, Select)
            return None if box.is_blank() else box.value

        model, days, tag = chosen("#model"), chosen("#days"), chosen("#tag")
        return Query(
            self.query_one("#query", Input).value,
            model if isinstance(model, str) else None,
            days if isinstance(days, int) else None,
            chosen("#starred") is True,
            tag if isinstance(tag, str) else None,
        )

    @on(Select.Changed)
    def _filtered(self, event: Select.Changed) -> None:
        """Back to where the arrows and Enter are for the hits."""
        if event.select.has_focus_within:
            self.call_after_refresh(self.query_one("#query").focus)
        self._want()

    @on(Input.Changed)
    def _want(self) -> None:
        self._wanted = self._entered()
        if not self._serving:
            self._serving = True
            self._serve()

    @work(group="search", exit_on_error=False)
    async def _serve(self) -> None:
        try:
            while self._wanted != self._shown:
                await asyncio.sleep(PAUSE_S)
                wanted = self._wanted
                try:
                    hits = await in_thread(_search, self._store, wanted)
                except G4tuiError as error:
                    hits, said = [], clean_line(str(error))
                else:
                    said = _said(wanted, hits)
                if wanted == self._wanted:
                    self._shown = wanted
                    self._show(hits, said)
        finally:
            self._serving = False

    def _show(self, hits: "Sequence[Hit]", said: str) -> None:
        self._hits = hits
        now = datetime.now()
        by_session: dict[str, list[int]] = {}
        for number, hit in enumerate(hits):
            by_session.setdefault(hit.session, []).append(number)
        rows: list[HitRow] = []
        for numbers in by_session.values():
            title = clean_line(hits[numbers[0]].title) or "New chat"
            rows.append(HitRow("", Content.styled(title, "bold $text-primary")))
            rows += [
                HitRow(str(number), _marked(hits[number]), clock(hits[number].created, now))
                for number in numbers
            ]
        self.hits.show_rows(rows, "0" if hits else None)
        self.query_one("#said", Static).update(Content(said), layout=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The arrows walk the hits, unless a filter is open."""
        if action in ("move", "page", "choose") and self.is_mounted:
            return isinstance(self.focused, Input)
        return True

    def action_move(self, step: int) -> None:
        """The cursor, while one types."""
        self.hits.action_move(step)

    def action_page(self, step: int) -> None:
        """A page of hits."""
        self.hits.action_move_page(step)

    async def action_choose(self) -> None:
        """Go to the hit at the cursor, once what was typed has been looked for."""
        self._want()
        until = time.monotonic() + _WAIT_S
        while self._shown != self._wanted and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self._go()

    @on(LineList.Chosen)
    def _clicked(self, event: LineList.Chosen) -> None:
        event.stop()
        self._go()

    def _go(self) -> None:
        row = self.hits.row
        if row is None or not row.key:
            return
        hit = self._hits[int(row.key)]
        words = hit.snippet[slice(*hit.ranges[0])] if hit.ranges else ""
        self.dismiss(Found(hit.session, hit.message or None, words, self._shown))


def _search(store: "Store", query: Query) -> "list[Hit]":
    since = None if query.days is None else time.time() - query.days * DAY_S
    return store.search(
        query.text,
        LIMIT,
        model=query.model,
        since=since,
        starred=query.starred,
        tag=query.tag,
    )


def _said(query: Query, hits: "Sequence[Hit]") -> str:
    if not hits:
        return "Nothing has that." if query != Query() else "Newest first, as you type."
    return f"the newest {LIMIT}" if len(hits) == LIMIT else counted(len(hits), "hit")


def _marked(hit: "Hit") -> Content:
    parts: list[str | tuple[str, str]] = []
    end = 0
    for start, stop in hit.ranges:
        parts.append(_joined(hit.snippet[end:start]))
        parts.append((_joined(hit.snippet[start:stop]), "bold $text-warning"))
        end = stop
    parts.append(_joined(hit.snippet[end:]))
    return Content.assemble(*parts)


def _joined(text: str) -> str:
    """On one line, where a paragraph's end takes no more room than a space."""
    return re.sub(r"\s+", " ", clean_line(text))
