"""The teacher against `llama_cpp.server` with the real model: a server that nobody here wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from g4tui.core import Host, ModelSpec
from g4tui.testing.conformance import BackendConformance, Subject
from g4tui_openai.backend import OpenAIBackend
from g4tui_openai.options import Options, Server
from support.llama_server import llama_server

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def base_url(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server, started once."""
    with llama_server(default_model, tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def options(base_url: str) -> Options:
    """That server under a name, and one that is not there."""
    # It answers a prompt that is too long with an empty stream, so its context must be told.
    servers = {"here": Server(base_url, context=512), "gone": Server("http://127.0.0.1:9/v1")}
    return Options(servers=servers, find_local=False, max_retries=0)


class TestRealServer(BackendConformance):
    """The suite."""

    @pytest.fixture
    def backend_under_test(self, options: Options, default_model: Path) -> Subject:
        return Subject(
            OpenAIBackend(),
            ModelSpec("openai", str(default_model), "here"),
            options,
            missing=ModelSpec("openai", "any", "gone"),
        )

    def test_its_models_are_listed(
        self, options: Options, default_model: Path, tmp_path: Path
    ) -> None:
        """By the name that it gives them, ready and local."""
        infos = OpenAIBackend().models(Host(tmp_path), options)
        (info,) = [info for info in infos if info.id.startswith("openai@here:")]
        assert info.id == f"openai@here:{default_model}"
        assert (info.title, info.ready, info.local) == (default_model.name, True, True)
