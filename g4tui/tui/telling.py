"""An application that tells a person things, and hands them text and addresses."""

from abc import abstractmethod
from pathlib import Path

from textual.notifications import Notify

from g4tui.sanitize import clean
from g4tui.tui.services import in_thread
from g4tui.tui.themed import ThemedApp

REMARK_S = 4.0
_ERROR_S = 10.0


class TellingApp(ThemedApp):
    """Toasts, the clipboard, the browser."""

    NOTIFICATION_TIMEOUT = REMARK_S

    @property
    @abstractmethod
    def copies(self) -> Path:
        """The folder for what no clipboard takes."""

    def tell(self, text: str, *, warning: bool = False, error: bool = False) -> None:
        """A toast of untrusted text."""
        severity = "error" if error else "warning" if warning else "information"
        self.notify(
            clean(text),
            severity=severity,  # type: ignore[arg-type]
            timeout=_ERROR_S if error else REMARK_S,
            markup=False,
        )

    def on_notify(self, event: Notify) -> None:
        """The same words again take the place of those that still stand there."""
        for old in list(self._notifications):
            if old.message == event.notification.message:
                del self._notifications[old]

    def copy_to_clipboard(self, text: str) -> None:
        """Textual's own copies (a selection, the prompt) go our way too."""
        if not text.strip():  # Ctrl+X on an empty line: what was copied before stays
            return
        self._clipboard = text
        self.run_worker(self.copy_text(clean(text)), group="copy", exit_on_error=False)

    async def copy_text(self, text: str) -> None:
        """Copy clean text and say where it went."""
        from g4tui.tui.clipboard import copy

        try:
            copied = await in_thread(copy, text, send=self._send_to_terminal, folder=self.copies)
        except OSError as error:
            self.tell(f"Nothing was copied: {error}", error=True)
            return
        self.tell(copied.words)

    def _send_to_terminal(self, sequence: str) -> None:
        if self._driver is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._driver.write, sequence)

    async def open_address(self, url: str) -> None:
        """Open an http(s) address in a browser, or copy it where there is none."""
        from g4tui.tui.browser import has_browser, open_in_browser

        if has_browser() and await in_thread(open_in_browser, url):
            self.tell("Opened in the browser.")
            return
        await self.copy_text(url)
        self.tell("There is no browser here: the address was copied.")
