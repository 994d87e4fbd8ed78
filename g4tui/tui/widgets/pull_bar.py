"""A model file on its way to this machine: how far, how fast, and how to stop it."""

from time import monotonic
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from g4tui.background import in_daemon
from g4tui.core import Cancel, ErrorInfo, G4tuiError, ModelFile
from g4tui.sanitize import clean_line
from g4tui.tui import words

if TYPE_CHECKING:
    from g4tui.models import Library

REDRAW_S = 0.15


class PullBar(Widget):
    """Hidden until `pull` is called; hidden again when it ended, one way or the other."""

    DEFAULT_CSS = """
    PullBar {
        height: auto;
        display: none;
        &.-pulling { display: block; }
        Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        .bar { color: $text-primary; }
    }
    """

    class Pulled(Message):
        """The file is here."""

        def __init__(self, name: str, file: ModelFile) -> None:
            self.name = name
            self.file = file
            super().__init__()

    class Stopped(Message):
        """It is not; `error` is `None` when the person stopped it. What came is kept."""

        def __init__(self, name: str, error: ErrorInfo | None) -> None:
            self.name = name
            self.error = error
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pulled_name = ""
        self._cancel = Cancel()
        # Written by the pulling thread, read by the timer: two numbers that may be a moment apart.
        self._done, self._total = 0, 0
        self._began: tuple[float, int] | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, classes="words")
        yield Static("", markup=False, classes="bar")

    @property
    def pulling(self) -> bool:
        """Whether a file is on its way."""
        return self.has_class("-pulling")

    def pull(self, library: "Library", name: str, size_bytes: int | None = None) -> None:
        """Begin, unless one is under way."""
        if self.pulling:
            return
        self._pulled_name, self._cancel = name, Cancel()
        self._done, self._total, self._began = 0, size_bytes or 0, None
        self.add_class("-pulling")
        self._draw()
        self._timer = self.set_interval(REDRAW_S, self._draw)
        self._run(library, name, self._cancel)

    def stop(self) -> None:
        """Ask the pull to end; what came so far is kept for another time."""
        self._cancel.request()

    def on_unmount(self) -> None:
        """A pull does not outlive its screen."""
        self.stop()

    @work(exit_on_error=False)
    async def _run(self, library: "Library", name: str, cancel: Cancel) -> None:
        ended: Message
        try:
            # A daemon: a server that hangs must not hold up the program's end.
            file = await in_daemon(lambda: library.pull(name, self._progressed, cancel))
            ended = self.Pulled(name, file)
        except G4tuiError as error:
            ended = self.Stopped(name, None if cancel.requested else error.info)
        except Exception as error:  # noqa: BLE001  (a pull that dies silently looks like one that hangs)
            detail = f"{type(error).__name__}: {error}"
            ended = self.Stopped(name, ErrorInfo("internal", f"{name} was not pulled", detail))
        if self._timer is not None:
            self._timer.stop()
        self.remove_class("-pulling")
        self.post_message(ended)

    def _progressed(self, done: int, total: int) -> None:
        if self._began is None:
            self._began = (monotonic(), done)
        self._done, self._total = done, total

    def _draw(self) -> None:
        done, total = self._done, self._total
        self.query_one(".bar", Static).update(_bar(done, total, self.content_size.width))
        self.query_one(".words", Static).update(self._words(done, total))

    def _words(self, done: int, total: int) -> str:
        name = clean_line(self._pulled_name)
        if self._cancel.requested:
            return f"Stopping {name}"
        if self._began is None:
            return f"Looking for {name}" + (f"  {words.size(total)}" if total else "")
        parts = [f"{words.size(done)} of {words.size(total)}" if total else words.size(done)]
        if total and done >= total:
            parts.append("checking the file")
        else:
            began, first = self._began
            rate = (done - first) / max(0.001, monotonic() - began)
            if done > first:
                parts.append(f"{words.size(int(rate))}/s")
                parts.append(f"{words.duration((total - done) / rate)} left" if total else "")
        return f"Pulling {name}  {'  '.join(filter(None, parts))}"


def _bar(done: int, total: int, width: int) -> str:
    """How far, by shape: a terminal may have no colours."""
    full = min(width, width * done // total) if total else 0
    return "━" * full + "╌" * (width - full)
