"""The files of a batch: named by a server that nobody has to trust."""

import json
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from support import fault_server as fs
from support.teacher import MakeTeacher

BATCH = {
    "id": "b", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "f",
    "completion_window": "24h", "status": "completed", "created_at": 1,
}  # fmt: skip
LINE = {"custom_id": "k", "response": {"status_code": 200, "body": {"choices": []}}, "error": None}


def serving(name: str, content: bytes) -> fs.FaultServer:
    """A server whose batch has its answers in the file `name`."""

    def handle(connection: fs.Connection) -> None:
        body = json.dumps({**BATCH, "output_file_id": name}).encode()
        fs.response(200, content if connection.path.endswith("/content") else body)(connection)

    return fs.FaultServer(fs.silent(), listing=handle)


@pytest.mark.parametrize("name", ["../mine", "journal", "../../mine", "x" * 500])
async def test_a_servers_name_for_a_file_names_none_of_ours(
    tmp_path: Path, teacher: MakeTeacher, name: str
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    kept = [run / "journal.jsonl", tmp_path / "mine.jsonl"]
    for file in kept:
        file.write_text("kept")
    with serving(name, json.dumps(LINE).encode()) as server:
        model = teacher(server.base_url)
        batches = model.engine.batches()
        assert [each.key async for each in batches.answers("b", run)] == ["k"]
        await model.close()
    assert [file.read_text() for file in kept] == ["kept", "kept"]
    assert set(tmp_path.rglob("*.jsonl")) == set(kept), "nothing is left behind"


DEEP = json.dumps(LINE).encode().replace(b"[]", b"[" * 5000)


@pytest.mark.parametrize("content", [b"nonsense", b"\xff\xfe", DEEP, b"[]", b"{}"], ids=range(5))
async def test_a_file_of_nonsense_is_told(
    tmp_path: Path, teacher: MakeTeacher, content: bytes
) -> None:
    with serving("file", content) as server:
        model = teacher(server.base_url)
        batches = model.engine.batches()
        with pytest.raises(G4tuiError) as raised:
            [each async for each in batches.answers("b", tmp_path)]
        assert raised.value.info.kind == "protocol"
        await model.close()
