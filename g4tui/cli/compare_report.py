"""The report of `g4tui compare`: every prompt with its answers side by side, one HTML file."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from g4tui.cli.compare_prompts import Prompt
from g4tui.core import G4tuiError
from g4tui.html import escaped, page, render
from g4tui.store import MessageRow
from g4tui.store.veil import BLIND

CSS = """
body { max-width: 100rem; }
.prompt { background: var(--raised); border-left: .25em solid var(--accent); padding: .7em 1em;
  border-radius: .3em; white-space: pre-wrap; margin-bottom: 1em; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr));
  gap: 1rem; }
.side { border: 1px solid var(--line); border-radius: .5em; padding: .2em 1em .6em; min-width: 0; }
.side h3 { border-bottom: 1px solid var(--line); padding-bottom: .4em; }
.took { color: var(--faint); font-size: .85rem; }
.error { color: var(--wrong); white-space: pre-wrap; }
.was { color: var(--faint); }
nav ol { columns: 24rem; column-gap: 3rem; }
"""
STATES = {"stopped": "stopped", "interrupted": "broken off", "failed": "failed"}


@dataclass(frozen=True)
class Compared:
    """One prompt and the answers of all sides, as they were asked.

    While names are hidden: as they stand on the screen, and without what tells who wrote which.
    """

    session: str
    turn: str
    prompt: Prompt
    answers: tuple[MessageRow, ...]


def check_report(path: Path) -> None:
    """Make its folder and try it: no model is asked for a report that has no place.

    Raises `G4tuiError` of kind `storage`.
    """
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch(exist_ok=False)
    except OSError as error:
        # where the folder is a file, the system says that it exists
        said = "Not a directory" if isinstance(error, FileExistsError) else error.strerror or error
        raise G4tuiError(
            "storage",
            "The report cannot be written there",
            f"{path}: {said}. Nothing was asked.",
            "Choose another place with -o.",
        ) from error
    finally:
        with suppress(OSError):  # a folder that is none
            partial.unlink()


def write_report(path: Path, html: str) -> None:
    """Write it over what is there, whole or not at all. Raises `G4tuiError` of kind `storage`."""
    partial = _partial(path)
    try:
        with partial.open("x", encoding="utf-8") as out:
            out.write(html)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    except OSError as error:
        raise G4tuiError(
            "storage",
            "The report could not be written",
            f"{path}: {error.strerror or error}. The answers are saved.",
            "Choose another place with -o; started again, it asks nothing that was answered.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.partial")


def report(
    title: str,
    models: Sequence[str],
    compared: Sequence[Compared],
    redacted: Callable[[str], str],
) -> str:
    """The whole document. `redacted` takes keys out of what servers said."""
    heading = f"Comparison: {title}" if title else "Comparison"
    failed = sum(row.error is not None for each in compared for row in each.answers)
    facts = [f"{len(compared)} prompts", time.strftime("%Y-%m-%d %H:%M")]
    if failed:
        facts.append(f"{failed} answers failed")
    names = "".join(f"<li><code>{escaped(model)}</code></li>" for model in models)
    parts = [
        f"<h1>{escaped(heading)}</h1>",
        f"<ul>{names}</ul>",
        f'<p class="took">{" · ".join(facts)}. {_way(compared)}</p>',
    ]
    if len(compared) > 1:
        entries = (
            f'<li><a href="#p{at}">{escaped(_beginning(each.prompt.text))}</a></li>'
            for at, each in enumerate(compared, 1)
        )
        parts.append(f"<nav><ol>{''.join(entries)}</ol></nav>")
    parts += [_section(at, each, redacted) for at, each in enumerate(compared, 1)]
    return page(heading, "\n".join(parts), CSS)


def _way(compared: Sequence[Compared]) -> str:
    """How to vote, and what becomes of the vote."""
    if any(row.model.startswith(BLIND) for each in compared for row in each.answers):
        return "To vote blind, open the sessions in g4tui: the names are shown after the vote."
    return "To vote, open the sessions in g4tui. Votes are blind where --blind asked."


def _beginning(text: str) -> str:
    line = " ".join(text[:400].split())
    return line if len(line) <= 80 else f"{line[:79]}…"


def _section(number: int, compared: Compared, redacted: Callable[[str], str]) -> str:
    before = "".join(
        f'<div class="prompt was"><b>{message.role}</b>\n{escaped(message.text)}</div>'
        for message in compared.prompt.before
    )
    sides = "\n".join(_side(row, redacted) for row in compared.answers)
    return (
        f'<section id="p{number}"><h2>{number}</h2>\n{before}'
        f'<div class="prompt">{escaped(compared.prompt.text)}</div>\n'
        f'<div class="sides">\n{sides}\n</div>\n'
        f'<p class="took">session {escaped(compared.session)}</p></section>'
    )


def _side(row: MessageRow, redacted: Callable[[str], str]) -> str:
    thinking = ""
    if row.message.reasoning:
        thinking = f"<details><summary>Thinking</summary>{render(row.message.reasoning)}</details>"
    error = ""
    if row.error is not None:
        error = f'<p class="error">{escaped(redacted(str(row.error)))}</p>'
    name = row.model.removeprefix(BLIND)
    return (
        f'<article class="side"><h3>{escaped(name)}</h3>\n{thinking}'
        f'{render(row.message.text)}{error}<p class="took">{" · ".join(_took(row))}</p></article>'
    )


def _took(row: MessageRow) -> list[str]:
    usage = row.usage
    facts = [STATES[row.state]] if row.state in STATES else []
    if row.finish_reason in ("length", "filtered"):
        facts.append("cut off at the limit" if row.finish_reason == "length" else "filtered")
    if usage is not None:
        facts.append(f"{usage.completion:,} tokens")
        if usage.ttft_s is not None:
            facts.append(f"first {usage.ttft_s:.2f} s")
        if usage.tok_per_s is not None:
            facts.append(f"{usage.tok_per_s:.0f} tok/s")
        if usage.cost_usd:
            facts.append(f"${usage.cost_usd:.4f}")
    return facts
