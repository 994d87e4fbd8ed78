"""An importer of a plugin that gives what is no session."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from g4tui.core import Message
from g4tui.exchange import import_from
from g4tui.plugin import Importer, LeftOut, Transcript, TranscriptMessage
from g4tui.store import Store

GOOD = Transcript("a good one", (TranscriptMessage("1", None, Message("user", "hi")),))
ODD: Any = "nobody"
WRONG: dict[str, tuple[Any, str]] = {
    "a role that nobody has": (
        Transcript("T", (TranscriptMessage("1", None, Message(ODD, "hi")),)),
        "nobody",
    ),
    "a text that is none": (
        Transcript("T", (TranscriptMessage("1", None, Message("user", 7)),)),  # type: ignore[arg-type]
        "int",
    ),
    "a time that is none": (Transcript("T", GOOD.messages, created=ODD), "created"),
    "something else": ({"title": "T"}, "dict"),
    "nothing": (None, "NoneType"),
    "a count that is none": (LeftOut("images", ODD), "count"),
}


class Careless(Importer):
    """Gives what it was given."""

    name, title = "careless", "Careless"

    def __init__(self, *items: Any) -> None:
        self.items = items

    def recognises(self, file: BinaryIO) -> bool:
        return True

    def read(self, file: BinaryIO) -> Iterator[Transcript | LeftOut]:
        yield from self.items


@pytest.mark.parametrize("what", WRONG)
def test_it_is_told_and_nothing_of_it_is_saved(what: str, store: Store, tmp_path: Path) -> None:
    item, said = WRONG[what]
    file = tmp_path / "file"
    file.write_text("anything")
    report = import_from(file, [Careless(GOOD, item)], store)
    assert report.error is not None
    assert report.error.info.kind == "plugin"
    assert said in report.error.info.detail
    assert [row.title for row in store.sessions()] == ["a good one"], "what came before stays"
