"""How good models are, by blind votes: a bar for each, on one scale where votes connect them."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from g4tui.background import in_daemon
from g4tui.core import G4tuiError
from g4tui.sanitize import clean
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.services import Services
from g4tui.tui.words import counted, model_labels, without_middle

if TYPE_CHECKING:
    from g4tui.store import Store
    from g4tui.votes import Rating, Ratings, Scale

BAR = 26
NAME = 24
REST = 58
"""Cells of a line that are not its bar's."""
NONE_YET = (
    "There are no blind votes yet.\n\n"
    "Ctrl+T compares two models; Ctrl+B there hides their names.\n"
    "Votes given before the names are shown are counted here."
)


class RatingsScreen(Dialog[None]):
    """Computed anew each time it opens, beside the screen's loop."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "dialog.tcss",
        "ratings.tcss",
    ]
    AUTO_FOCUS = ".scroller"
    title_text = "Ratings by blind votes"
    _ratings: "Ratings | None" = None

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(
            Static("Counting votes…", id="table", markup=False), classes="scroller"
        )

    def on_mount(self) -> None:
        """Count."""
        services: Services | None = getattr(self.app, "services", None)
        if services is not None:
            self._count(services.store)

    @work(exclusive=True, exit_on_error=False)
    async def _count(self, store: "Store") -> None:
        try:
            ratings = await in_daemon(lambda: _rated(store), "g4tui ratings")
        except G4tuiError as error:
            self.query_one("#table", Static).update(clean(str(error)))
            return
        self._ratings = ratings
        self._show()

    def on_resize(self) -> None:
        """Longer bars, or shorter ones."""
        self._show()

    def _show(self) -> None:
        if self._ratings is not None:
            shown = table(self._ratings, self.query_one(".scroller").content_size.width)
            self.query_one("#table", Static).update(shown)


def _rated(store: "Store") -> "Ratings":
    from g4tui.votes import ballots, rated

    return rated(ballots(store))


def table(ratings: "Ratings", width: int) -> Content:
    """Everything that is known, as lines."""
    parts: list[Content] = []
    rated = [row.model for scale in ratings.scales for row in scale.models]
    labels = model_labels([*rated, *(model for pair in ratings.both_bad for model in pair.models)])
    bar = max(BAR // 3, min(BAR, width - REST))
    for number, scale in enumerate(ratings.scales, 1):
        title = f"{counted(scale.votes, 'vote')} in {counted(scale.sessions, 'chat')}"
        if len(ratings.scales) > 1:
            title = f"Scale {number} (not to be compared with the others): {title}"
        parts.append(Content.styled(title, "bold $text-primary"))
        parts += [_line(row, labels[row.model], bar, *_ends(scale)) for row in scale.models]
        if any(row.low is None for row in scale.models):
            parts.append(Content.styled("Intervals need votes in more chats.", "$foreground-muted"))
        parts.append(Content(""))
    if not ratings.scales:
        parts += [Content(NONE_YET), Content("")]
    for pair in ratings.both_bad:
        names = " and ".join(labels[model] for model in pair.models)
        parts.append(
            Content(f"Both bad: {names}, {pair.both_bad} of {counted(pair.votes, 'vote')}")
        )
    left_out = [
        (ratings.not_blind, "not blind"),
        (ratings.unfinished, "on an answer that did not come to its end"),
        (ratings.same_model, "on two of one model"),
        (ratings.hidden, "on answers whose names are still hidden"),
    ]
    for count, why in left_out:
        if count:
            words = f"{counted(count, 'vote')} {why}: not counted"
            parts.append(Content.styled(words, "$foreground-muted"))
    return Content("\n").join(parts)


def _ends(scale: "Scale") -> tuple[float, float]:
    values = [
        value
        for row in scale.models
        for value in (row.rating, row.low, row.high)
        if value is not None
    ]
    low, high = min(values), max(values)
    return low, max(high, low + 1.0)


def _line(row: "Rating", label: str, bar: int, low: float, high: float) -> Content:
    """`name 1042 ──●──  ±60  7 won 3 lost 2 tied`: the interval, the rating a dot in it."""

    def at(value: float) -> int:
        return round((bar - 1) * (value - low) / (high - low))

    cells = [" "] * bar
    first = at(row.low) if row.low is not None else 0
    last = at(row.high) if row.high is not None else at(row.rating)
    cells[first : last + 1] = ["━"] * (last + 1 - first)
    cells[at(row.rating)] = "●"
    name = Content(without_middle(label, NAME - 1))
    margin = f"±{row.high - row.rating:.0f}" if row.high is not None else ""
    counts = f"{row.wins} won  {row.losses} lost  {row.ties} tied"
    return Content.assemble(
        name.pad_right(NAME - name.cell_length),
        (f"{row.rating:5.0f} ", "bold"),
        ("".join(cells), "$text-accent"),
        f" {margin:5} ",
        (counts, "$foreground-muted"),
    )
