"""What counts as this machine, and whether it is looked through."""

import pytest

from g4tui.config import Settings
from g4tui.tui import servers
from g4tui.tui.servers import _is_loopback, find_local
from support.model_server import model_server


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8080/v1", True),
        ("http://127.0.0.1:1234/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.evil.example/v1", False),
        ("http://localhost.evil.example/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, local: bool) -> None:
    assert _is_loopback(url) is local


@pytest.mark.parametrize(("table", "asked"), [({}, [None]), ({"find_local": False}, [])])
def test_nobody_is_asked_where_servers_are_not_to_be_found(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, object], asked: list[None]
) -> None:
    with model_server("m") as server:
        monkeypatch.setattr(servers, "LOCAL", {"ollama": ("Ollama", server.port)})
        found = find_local(Settings(backends={"openai": table}), seconds=10.0)
        assert [each.models for each in found] == [("m",)] * len(asked)
        assert server.asked == asked
