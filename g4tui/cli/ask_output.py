"""What `g4tui ask` prints: the answer on stdout, its course on stderr where that is a terminal."""

import sys

from g4tui.cli.app import App
from g4tui.cli.output import error_object, exit_code, progress_text, usage_object
from g4tui.cli.terminal import can_erase, is_terminal
from g4tui.core import ErrorInfo, FinishReason, Progress, ReasoningDelta, TextDelta, Usage
from g4tui.engine import MemoryBegins, TurnEvent, TurnFinished
from g4tui.sanitize import clean


class AskOutput:
    """Takes a turn's events; `close` prints what is due at the end and gives the exit code."""

    def __init__(self, app: App) -> None:
        self.session: str | None = None
        self.model = ""
        self._app = app
        self._stdout = sys.stdout
        self._text: list[str] = []
        self._last = ""
        self._reasoning: list[str] = []
        self._usage: Usage | None = None
        self._reason: FinishReason | None = None
        self._error: ErrorInfo | None = None
        self._lively = is_terminal(sys.stderr) and not app.json
        self._erases = self._lively and can_erase(sys.stderr)
        self._status = ""

    def take(self, event: TurnEvent) -> None:
        """Show one event."""
        if isinstance(event, TextDelta):
            self._say(event.text)
        elif isinstance(event, ReasoningDelta):
            self._reasoning.append(event.text)
            self._show("thinking ...")
        elif isinstance(event, Progress):
            self._show(progress_text(event))
        elif isinstance(event, MemoryBegins) and self._lively:
            self._show("")
            self._app.note(f"The first {event.dropped} messages no longer fit the context.")
        elif isinstance(event, TurnFinished):
            self._usage = event.answer.usage
            self._reason = event.answer.finish_reason
            self._error = event.answer.error

    def failed(self, error: ErrorInfo) -> None:
        """The turn ended with an error that is in no saved answer."""
        self._error = error

    def close(self) -> int:
        """Print the object, or the error and the usage line; the exit code."""
        self._show("")
        if self._app.json:
            self._app.emit(self._object())
        else:
            if self._last and not self._last.endswith("\n"):
                self._stdout.write("\n")
            self._stdout.flush()
            if self._error is not None:
                self._app.note(self._app.redacted(str(self._error)))
            elif self._lively and self._usage is not None:
                self._app.note(usage_line(self.model, self._usage, self._reason))
        return 0 if self._error is None else exit_code(self._error)

    def _say(self, text: str) -> None:
        self._text.append(text)
        if self._app.json:
            return
        self._show("")
        self._stdout.write(clean(text))
        self._stdout.flush()
        self._last = text or self._last

    def _show(self, status: str) -> None:
        """One line on a terminal's stderr that the next one replaces."""
        if self._erases and status != self._status:
            self._status = status
            sys.stderr.write(f"\r\x1b[K{status}")
            sys.stderr.flush()

    def _object(self) -> dict[str, object]:
        failed = self._error is not None
        result: dict[str, object] = {
            "session": self.session,
            "model": self.model,
            "text": "".join(self._text),
            "reasoning": "".join(self._reasoning),
            "finish_reason": None if failed else self._reason,
            "usage": usage_object(self._usage),
        }
        if self._error is not None:
            result["error"] = error_object(self._error, self._app.redacted)
        return result


def usage_line(model: str, usage: Usage, reason: FinishReason | None) -> str:
    """What an answer took, in one line."""
    parts = [model, f"{usage.completion} tokens"]
    if usage.tok_per_s is not None:
        parts.append(f"{usage.tok_per_s:.0f} tok/s")
    if usage.ttft_s is not None:
        parts.append(f"first {usage.ttft_s:.2f} s")
    if usage.cached:
        parts.append(f"{usage.cached} of {usage.prompt} prompt tokens cached")
    if usage.cost_usd:
        parts.append(f"${usage.cost_usd:.4f}")
    if reason in ("length", "filtered"):
        parts.append("cut off at the limit" if reason == "length" else "filtered by the server")
    return " · ".join(parts)
