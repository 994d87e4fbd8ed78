"""How values are printed."""

import json
import time
from collections.abc import Callable, Sequence

import msgspec

from g4tui.core import ErrorInfo, Progress, Usage


def as_json(value: object, *, indented: bool = False) -> str:
    """ASCII JSON: every control character is an escape, so no terminal can obey one."""
    plain = msgspec.to_builtins(value)
    text = json.dumps(plain, indent=2 if indented else None)
    return text.replace("\x7f", "\\u007f")


def error_object(
    info: ErrorInfo, redacted: Callable[[str], str] = lambda text: text
) -> dict[str, str]:
    """An error as scripts see it; `redacted` takes keys out of what was never saved."""
    return {
        "kind": info.kind,
        "title": redacted(info.title),
        "detail": redacted(info.detail),
        "remedy": redacted(info.remedy),
    }


def exit_code(info: ErrorInfo) -> int:
    """How a command ends with that error: 2 where it was wrong itself, 1 where it failed."""
    return 2 if info.kind == "usage" else 1


def usage_object(usage: Usage | None) -> dict[str, object] | None:
    """Usage as scripts see it."""
    return msgspec.structs.asdict(usage) if usage is not None else None


def progress_text(step: Progress) -> str:
    """What a model does before its first word."""
    if step.phase == "queue":
        return "waiting for its turn"
    what = "loading" if step.phase == "load" else "reading"
    return f"{what} {100 * step.done // max(1, step.total)} %"


def table(rows: Sequence[Sequence[str]], heading: Sequence[str]) -> str:
    """Columns as wide as their widest cell, in terminal columns. Cells are untrusted."""
    from rich.cells import cell_len

    from g4tui.sanitize import clean_line

    cells = [[clean_line(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(heading))]
    lines = []
    for row in cells:
        padded = [cell + " " * (widths[at] - cell_len(cell)) for at, cell in enumerate(row)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def size(number: int | None) -> str:
    """Bytes for people: `98 MB`."""
    if number is None:
        return ""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def moment(seconds: float) -> str:
    """A local time: `2026-01-31 14:02`."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):  # a damaged row, or a clock far off
        return "?"
