"""Sessions out of the library into files, and into it: what hosts the plugins' formats."""

from g4tui.exchange.exporting import (
    export_to,
    exporter_for,
    exporter_named,
    file_name,
    free_path,
    nameless,
    new_file,
    place,
    transcripts,
)
from g4tui.exchange.importing import ImportReport, import_from

__all__ = [
    "ImportReport",
    "export_to",
    "exporter_for",
    "exporter_named",
    "file_name",
    "free_path",
    "import_from",
    "nameless",
    "new_file",
    "place",
    "transcripts",
]
