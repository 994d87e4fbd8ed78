"""Numbers and names as the screen says them."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from g4tui.sanitize import clean_line

if TYPE_CHECKING:
    from g4tui.core.events import Progress, Usage


def model_label(model: str) -> str:
    """A model's name without its backend and folders: `smollm2-135m-instruct`."""
    name = clean_line(model).partition(":")[2] or clean_line(model)
    base, *adapters = name.split("+")
    parts = [PurePath(part).name or part for part in (base, *adapters)]
    return "+".join(part.removesuffix(".gguf") for part in parts)


def short_model(words: str, room: int) -> str:
    """Words that hold a model's id, in so many cells: what names the model goes last.

    `openai@local:…/student.gguf`, then `openai@local:student`, then `student`, then a gap in it.
    """
    if cell_len(words) <= room:
        return words
    without_folders = re.sub(r"(?<=[:+])[^+]*/(?=[^/+])", "…/", words)
    with_backend = re.sub(r"…/|\.gguf(?=\+|$)", "", without_folders)
    bare = re.sub(r"[^\s:]+:(?=\S)", "", with_backend)
    for short in (without_folders, with_backend, bare):
        if cell_len(short) <= room:
            return short
    role, gap, name = bare.rpartition("  ")
    if room - cell_len(role + gap) < 3:
        role, gap, name = "", "", bare
    return role + gap + without_middle(name, max(0, room - cell_len(role + gap)))


def without_middle(text: str, room: int) -> str:
    """Its two ends, where it has no room for all of it."""
    if cell_len(text) <= room:
        return text
    end = max(0, room - 1) // 2
    return set_cell_size(text, max(0, room - 1 - end)) + "…" + (text[-end:] if end else "")


def model_labels(models: Iterable[str]) -> dict[str, str]:
    """A label for each of several models; those that would be alike have more of their ids."""
    ids = {model: clean_line(model) for model in models}
    bare = {model: model_label(model) for model in ids}
    with_backend = {model: f"{ids[model].partition(':')[0]}:{bare[model]}" for model in ids}
    labels = ids
    for shorter in (with_backend, bare):
        met = Counter(shorter.values())
        labels = {m: label if met[label] == 1 else labels[m] for m, label in shorter.items()}
    return labels


def clock(created: float, now: datetime) -> str:
    """Local time, with the day unless it is today."""
    moment = datetime.fromtimestamp(created)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if timedelta(0) <= now - moment < timedelta(days=6):
        return f"{moment:%a %H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}" if moment.year != now.year else f"{moment:%d %b %H:%M}"


def speed(usage: "Usage | None", room: int = 200) -> str:
    """`41 tok/s · first 0.08 s · 180 of 198 cached`, as far as it is known and fits in `room`."""
    if usage is None:
        return ""
    rate = first = cached = cost = ""
    if usage.tok_per_s is not None:
        rate = f"{usage.tok_per_s:.0f} tok/s"
    if usage.ttft_s is not None:
        first = f"first {usage.ttft_s:.2f} s"
    if usage.cached:
        cached = f"{usage.cached:,} of {usage.prompt:,} cached"
    if usage.cost_usd:
        cost = f"${usage.cost_usd:.4f}"
    for parts in ((rate, first, cached, cost), (first, cached, cost), (first, cost), (cost,)):
        text = " · ".join(filter(None, parts))
        if len(text) <= room:
            return text
    return ""


def progress(step: "Progress") -> str:
    """`loading 40 %`, `reading 512/1,500 tokens`, `waiting for its turn`."""
    if step.phase == "queue":
        return "waiting for its turn"
    if step.phase == "load":
        share = 100 * step.done // max(1, step.total)
        return f"loading the model  {share} %"
    return f"reading  {step.done:,}/{step.total:,} tokens"


def size(count: int) -> str:
    """Bytes: `5.0 MB`."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def duration(seconds: float) -> str:
    """`3 s`, `2 min`."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def counted(count: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
