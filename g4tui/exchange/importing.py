"""Reading sessions from files: each is in the library whole or not at all, and all is told."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from g4tui.core import G4tuiError
from g4tui.core.nearest import did_you_mean
from g4tui.plugin import Importer, LeftOut, Transcript
from g4tui.plugin.checked import checked
from g4tui.plugin.loading import describe
from g4tui.store import SessionRow, Store

# So much is saved at once, and for this share of the time that it took nobody holds the library: so
# others wait for tenths of a second, and thousands of sessions come in quickly.
AT_ONCE = 10
AT_ONCE_CHARACTERS = 500_000
LET_OTHERS = 0.25
BUFFER = 256 * 1024


@dataclass
class ImportReport:
    """How far an import is. `left_out`: what was passed over, how often, and one example."""

    importer: str
    new: list[str] = field(default_factory=list)
    known: int = 0
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)
    error: G4tuiError | None = None

    @property
    def seen(self) -> int:
        """How many sessions were read."""
        return len(self.new) + self.known

    def leave_out(self, what: LeftOut) -> None:
        """Count it."""
        count, example = self.left_out.get(what.what, (0, what.example))
        self.left_out[what.what] = (count + what.count, example or what.example)


def import_from(
    path: Path,
    importers: Sequence[Importer],
    store: Store,
    *,
    name: str | None = None,
    again: bool = False,
    told: Callable[[ImportReport, float], None] = lambda report, share: None,
) -> ImportReport:
    """Import all sessions of the file; those of a known origin only `again`, as copies.

    `name` is the format; else the first importer that recognises the file. `told` is called from
    time to time with how far it is and which share of the file was read. A file that turns out
    damaged ends the import: `error` says so, and what came before is in the library, so that
    importing a better file goes on from there. Raises `G4tuiError` where nothing could be begun.
    """
    with _opened(path) as file:
        importer = _named(importers, name) if name else _recognising(importers, file, path)
        report = ImportReport(importer.name)
        size = max(1, path.stat().st_size)
        try:
            for batch in _batches(importer, file, report):
                began = time.monotonic()
                _save(batch, store, report, again)
                told(report, min(1.0, file.tell() / size))
                # Who waits for the library looks now and then whether it is free.
                time.sleep((time.monotonic() - began) * LET_OTHERS)
        except G4tuiError as error:
            report.error = error
    return report


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file():  # a folder has no contents, and a pipe may never end
            what = "is no plain file" if path.exists() else "is not there"
            raise G4tuiError("missing", "The file cannot be imported", f"{path} {what}.", _WHICH)
        return path.open("rb", buffering=BUFFER)
    except OSError as error:
        detail = f"{path}: {error.strerror or error}."
        raise G4tuiError("missing", "The file cannot be imported", detail, _WHICH) from error


_WHICH = "Give the file that holds the sessions."


def _named(importers: Sequence[Importer], name: str) -> Importer:
    for importer in importers:
        if importer.name == name.lower():
            return importer
    names = [importer.name for importer in importers]
    raise G4tuiError(
        "usage",
        f"There is no format {name}",
        f"{did_you_mean(name, names)} Formats: {', '.join(names) or 'none'}.".strip(),
        "More come with plugins: see g4tui plugins.",
    )


def _recognising(importers: Sequence[Importer], file: BinaryIO, path: Path) -> Importer:
    detail = f"{path} is none of: {', '.join(each.title for each in importers) or 'none'}."
    for importer in importers:
        file.seek(0)
        try:
            if importer.recognises(file):
                return importer
        except Exception as error:  # noqa: BLE001 - one bad plugin does not keep the others from it
            detail += f" {importer.name} could not look at it: {describe(error)}."
    raise G4tuiError(
        "usage",
        "This file is of no format that is known",
        detail,
        "Name the format if it is one of them: --format "
        + "|".join(importer.name for importer in importers),
    )


def _batches(
    importer: Importer, file: BinaryIO, report: ImportReport
) -> Iterator[list[Transcript]]:
    """Sessions in handfuls; what is left out is counted on the way."""
    file.seek(0)
    batch: list[Transcript] = []
    characters = 0
    found = _guarded(importer, file)
    try:
        for item in found:
            if isinstance(item, LeftOut):
                report.leave_out(item)
                continue
            batch.append(item)
            characters += sum(len(message.message.text) for message in item.messages)
            if len(batch) >= AT_ONCE or characters >= AT_ONCE_CHARACTERS:
                yield batch
                batch, characters = [], 0
    except G4tuiError:
        yield batch  # what was read before is good
        raise
    yield batch


def _guarded(importer: Importer, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
    try:
        for item in importer.read(file):
            if isinstance(item, LeftOut):
                yield checked(item, LeftOut)
            else:
                yield checked(item, Transcript)
    except G4tuiError:
        raise
    except OSError as error:
        raise G4tuiError(
            "storage",
            "The file could not be read to its end",
            error.strerror or str(error),
            "Check the disk that it is on.",
        ) from error
    except Exception as error:
        raise G4tuiError(
            "plugin",
            f"The format {importer.name} could not be read",
            describe(error),
            "Tell the author of the plugin: --debug shows where.",
        ) from error


def _save(batch: list[Transcript], store: Store, report: ImportReport, again: bool) -> None:
    rows: list[SessionRow] = []
    known = 0
    with store.batch():
        for transcript in batch:
            if again:
                transcript = msgspec.structs.replace(transcript, origin="")
            try:
                row = store.import_transcript(transcript)
            except G4tuiError as error:
                if error.info.kind != "usage":
                    raise
                example = f"{transcript.title:.60}: {error.info.detail:.200}"
                report.leave_out(LeftOut("sessions that cannot be saved", 1, example))
                continue
            if row is None:
                known += 1
            else:
                rows.append(row)
    report.new += [row.id for row in rows]
    report.known += known
