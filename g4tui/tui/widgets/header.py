"""The top line: whose conversation this is, who answers, and where the words go."""

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from g4tui.sanitize import clean_line


class Header(Widget):
    """`title` at the left; `model` and `place` ("offline", a host, "private", or empty) at
    the right.

    The model can be clicked.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Header { height: 1; padding: 0 1; background: $panel; color: $text; }
    """

    title: reactive[str] = reactive("")
    model: reactive[str] = reactive("")
    place: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """One row, the model kept longer than the title."""
        width = self.content_size.width
        place = clean_line(self.place)
        is_safe = place.startswith("offline") or place == "private"
        place_look = "$text-success" if is_safe else "$text-warning bold"
        room = max(8, width - cell_len(place) - 4)
        model = Content(clean_line(self.model)).truncate(room - 2, ellipsis=True)
        parts: list[Content | str | tuple[str, str]] = []
        if model:
            click = Style.from_meta({"@click": ("screen.choose_model", ())})
            parts.append(Content.assemble(model, (" ▾", "$foreground-muted")).stylize(click))
        if place:
            parts += ["  ", (place, place_look)] if model else [(place, place_look)]
        right = Content.assemble(*parts)
        title_room = width - right.cell_length - 2
        title = Content(clean_line(self.title))
        title = title.truncate(title_room, ellipsis=True) if title_room > 3 else Content("")
        gap = " " * max(1, width - title.cell_length - right.cell_length)
        return Content.assemble(title.stylize("bold"), gap, right)
