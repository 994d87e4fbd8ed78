"""What a transcript tells an exporter, and the exporter that the reference shows."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

from g4tui.core import Message
from g4tui.plugin import Exporter, Transcript, TranscriptMessage

REFERENCE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text()


def message(id: str, parent: str | None) -> TranscriptMessage:
    return TranscriptMessage(id, parent, Message("user" if parent is None else "assistant", id))


def tree(head: str | None, *messages: TranscriptMessage) -> list[str]:
    return [each.id for each in Transcript("T", messages, head=head).shown_line()]


def test_the_line_that_is_shown_ends_at_the_head() -> None:
    family = (message("a", None), message("b", "a"), message("c", "a"), message("d", "b"))
    assert tree("c", *family) == ["a", "c"]
    assert tree("d", *family) == ["a", "b", "d"]
    assert tree(None, *family) == ["a", "b", "d"], "without a head: to the last message"
    assert tree("nobody", *family) == []
    assert tree(None) == []


def test_a_circle_ends() -> None:
    assert tree("a", message("a", "b"), message("b", "a")) == ["b", "a"]


def test_the_exporter_of_the_reference_writes_the_line_that_is_shown() -> None:
    (source,) = (
        block
        for block in re.findall(r"^```python\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)
        if "Exporter" in block
    )
    module: dict[str, Any] = {}
    exec(source, module)
    (exporter,) = module["g4tui_register_exporters"]()
    assert isinstance(exporter, Exporter)
    out = BytesIO()
    family = (message("Hello", None), message("Aside", "Hello"), message("Hi", "Hello"))
    exporter.write([Transcript("A chat", family, head="Hi")], out)
    assert out.getvalue().decode() == "A chat\n\nuser: Hello\n\nassistant: Hi\n"
