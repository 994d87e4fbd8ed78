"""What `g4tui compare` prints: answers as they are whole, and on stderr how far it is."""

import re
import shutil
import sys
from collections.abc import Sequence

from g4tui.cli.app import App
from g4tui.cli.ask_output import usage_line
from g4tui.cli.compare_report import Compared
from g4tui.cli.output import error_object, progress_text, usage_object
from g4tui.cli.status_line import StatusLine
from g4tui.core import Progress, TextDelta
from g4tui.engine import TurnEvent, TurnFinished, TurnStarted
from g4tui.sanitize import clean, clean_line
from g4tui.store import MessageRow
from g4tui.store.veil import BLIND

BAR = 20


class CompareOutput:
    """Takes the events of all sides, and each comparison when it is done.

    `blind`: how far a side has come is not told, nor anything of one before all are done.
    """

    def __init__(self, app: App, total: int, models: Sequence[str], *, blind: bool = False) -> None:
        self._app = app
        self._total = total
        self._blind = blind
        self._done = 0
        self._stdout = sys.stdout
        self._line = StatusLine()
        self._models = [clean_line(re.split("[:/]", model)[-1])[-24:] for model in models]
        self._marks = [
            f" ({models[: side + 1].count(model)})" if models.count(model) > 1 else ""
            for side, model in enumerate(models)
        ]
        self._doing = [""] * len(models)
        self._words = [0] * len(models)

    def take(self, side: int, event: TurnEvent) -> None:
        """One event of one side."""
        if self._blind:
            return
        if isinstance(event, TurnStarted):
            self._words[side] = 0
        elif isinstance(event, Progress):
            self._doing[side] = progress_text(event)
        elif isinstance(event, TextDelta):
            self._words[side] += len(event.text.split())
            self._doing[side] = f"{self._words[side]} words"
        elif isinstance(event, TurnFinished):
            self._doing[side] = "failed" if event.answer.error else "done"
            if self._total == 1:
                self._print(f"{event.answer.model}{self._marks[side]}", event.answer)
        self._show()

    def compared(self, compared: Compared) -> None:
        """All sides of one prompt are done."""
        self._done += 1
        if self._app.json:
            self._line.close()
            answers = [answer_object(self._app, row) for row in compared.answers]
            found: dict[str, object] = {
                "session": compared.session,
                "turn": compared.turn,
                "answers": answers,
            }
            if compared.prompt.row is not None:
                found["row"] = compared.prompt.row
            self._emit(found)
        elif self._total > 1:
            for row in compared.answers:
                if row.error is not None:
                    where = f"line {compared.prompt.row}, {row.model.removeprefix(BLIND)}"
                    self._note(f"{where}: {row.error.title}. {row.error.detail}")
        elif self._blind:
            for side, row in enumerate(compared.answers):
                mark = "" if row.model.startswith(BLIND) else self._marks[side]
                self._print(f"{row.model.removeprefix(BLIND)}{mark}", row)
        self._show(last=True)

    def close(self) -> None:
        """Leave stderr clean."""
        self._line.close()
        self._stdout.flush()

    def _print(self, name: str, row: MessageRow) -> None:
        if self._app.json:
            return
        self._line.close()
        self._stdout.write(f"## {clean_line(name)}\n\n")
        text = clean(row.message.text).rstrip("\n")
        self._stdout.write(f"{text}\n\n" if text else "")
        self._stdout.flush()
        if row.error is not None:
            self._note(f"{name}: {row.error}")
        elif row.usage is not None and sys.stderr.isatty():
            self._note(usage_line(row.model, row.usage, row.finish_reason))

    def _emit(self, value: object) -> None:
        from contextlib import redirect_stdout

        with redirect_stdout(self._stdout):
            self._app.emit(value)
        self._stdout.flush()

    def _note(self, text: str) -> None:
        self._line.close()
        self._app.note(self._app.redacted(text))

    def _show(self, *, last: bool = False) -> None:
        sides = "  ".join(
            f"{model}: {doing}"
            for model, doing in zip(self._models, self._doing, strict=True)
            if doing
        )
        if self._total == 1:
            self._line.show(sides, last=last)
            return
        width = shutil.get_terminal_size().columns - 1
        full = BAR * self._done // self._total
        bar = "#" * full + "-" * (BAR - full)
        self._line.show(f"[{bar}] {self._done}/{self._total}  {sides}"[:width], last=last)


def answer_object(app: App, row: MessageRow) -> dict[str, object]:
    """An answer as `g4tui ask --json` gives it."""
    found: dict[str, object] = {
        "session": row.session,
        "model": row.model,
        "text": row.message.text,
        "reasoning": row.message.reasoning,
        "finish_reason": None if row.error is not None else row.finish_reason,
        "usage": usage_object(row.usage),
    }
    if row.error is not None:
        found["error"] = error_object(row.error, app.redacted)
    return found
