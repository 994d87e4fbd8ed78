"""Files of gigabytes are read in parts, in little memory."""

import json
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import (
    booleans,
    dictionaries,
    integers,
    lists,
    none,
    recursive,
    sampled_from,
    text,
)

from g4tui_exchange.elements import objects
from support.chatgpt import conversation, node

MIB = 1024 * 1024


class Dribble:
    """Gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = BytesIO(data), most

    def read(self, size: int, /) -> bytes:
        return self._data.read(min(size, self._most))


JSON = recursive(
    none() | booleans() | integers() | text(sampled_from('"\\[]{},: x\n\u20ac')),
    lambda inner: lists(inner, max_size=3) | dictionaries(text(max_size=3), inner, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(lists(dictionaries(text(max_size=3), JSON, max_size=3)), integers(1, 9), booleans())
def test_wherever_a_file_is_split_its_sessions_are_whole(
    values: list[dict[str, Any]], most: int, ascii: bool
) -> None:
    data = json.dumps(values, ensure_ascii=ascii, indent=most % 3 or None).encode()
    assert list(objects(Dribble(data, most))) == values


def sparse(path: Path, begin: bytes) -> Path:
    """Two gigabytes that take no room on the disk."""
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(2 * 1024 * MIB)
    return path


IMPORT_ALL = """
import resource, sys
from pathlib import Path

limit = 600 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

import g4tui_exchange
from g4tui.core import G4tuiError
from g4tui.exchange import import_from
from g4tui.store import Store

store = Store.open(Path(sys.argv[1]))
for path in sys.argv[2:]:
    try:
        report = import_from(Path(path), g4tui_exchange.g4tui_register_importers(), store)
        print(len(report.new), list(report.left_out), repr(str(report.error)))
    except G4tuiError as error:
        print("refused", repr(str(error)))
"""


def test_huge_files_take_little_memory(tmp_path: Path) -> None:
    """In a process that may have 600 MB of address space in all."""
    talk = json.dumps(conversation(node("q", None, "user", "hi")))
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("conversations.json", "w", force_zip64=True) as file,
    ):
        file.write(f"[{talk},".encode())
        for _ in range(100):
            file.write(b'{"x": "' + b"x" * MIB + b'"},')
    files = [
        sparse(tmp_path / "zeros", b""),
        sparse(tmp_path / "object.json", b'[{"g4tui": 1, "title": "'),
        sparse(tmp_path / "line.jsonl", b'{"messages": [{"role": "user", "content": "'),
        bomb,
    ]
    library = tmp_path / "library.sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(library), *map(str, files)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    zeros, whole, line, last = done.stdout.splitlines()
    assert zeros.startswith("refused")
    assert whole.startswith("0 []")
    assert "too early" in whole
    assert line.startswith("0 ['lines longer than 32 MiB']")
    assert last.startswith("1 ")
    assert "bomb" in last
