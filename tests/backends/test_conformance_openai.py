"""The teacher in the conformance suite, against a well-behaved server on loopback."""

from collections.abc import Iterator

import pytest

from g4tui.core import ModelSpec
from g4tui.testing.conformance import BackendConformance, Subject
from g4tui_openai.backend import OpenAIBackend
from g4tui_openai.options import Options, Server
from support.fault_server import Connection, FaultServer, parrot, refusal


def only_parrot(connection: Connection) -> None:
    """Knows one model."""
    if connection.body["model"] != "parrot":
        refusal(404, "The model does not exist", code="model_not_found")(connection)
        return
    long = len(str(connection.body["messages"])) > 500
    parrot(every_s=0.01 if long else 0.0)(connection)


class TestTeacher(BackendConformance):
    """The suite."""

    @pytest.fixture
    def backend_under_test(self) -> Iterator[Subject]:
        with FaultServer(only_parrot) as server:
            options = Options(servers={"here": Server(server.base_url)}, find_local=False)
            yield Subject(
                OpenAIBackend(),
                ModelSpec("openai", "parrot", "here"),
                options,
                long_prompt="once upon a time " * 45,
            )
