"""A teacher to try, and what a person would see of it."""

from pathlib import Path

import msgspec
import pytest

from g4tui.core import Host, ModelSpec
from g4tui_openai.backend import OpenAIBackend
from g4tui_openai.options import Limits, Options, Price, Server
from support.teacher import SECRET, MakeTeacher, Teacher

QUICK = Limits(
    connect_s=2.0, first_token_s=5.0, idle_s=5.0, total_s=10.0, usage_s=0.3, retry_base_s=0.01
)


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTeacher:
    """`teacher(base_url, key=..., retries=..., idle_s=...)`: an engine with quick limits."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def make(
        base_url: str,
        *,
        key: str | None = SECRET,
        retries: int = 2,
        model: str = "parrot",
        server: Server | None = None,
        prices: dict[str, Price] | None = None,
        **limits: float,
    ) -> Teacher:
        quick = msgspec.structs.replace(QUICK, **limits)
        options = Options(
            servers={"here": server or Server(base_url)},
            prices=prices or {},
            find_local=False,
            max_retries=retries,
            limits=quick,
        )
        log: list[str] = []
        host = Host(tmp_path, secret=lambda name, origin: key, log=log.append)
        backend = OpenAIBackend()
        return Teacher(backend, ModelSpec("openai", model, "here"), options, host, log)

    return make
