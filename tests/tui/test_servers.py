"""What counts as this machine."""

import pytest

from g4tui.tui.servers import _is_loopback


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
