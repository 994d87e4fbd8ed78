"""What a backend gets for nothing, and what it is told where it has less."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from g4tui.core import (
    AsyncEngine,
    Backend,
    Cancel,
    Engine,
    Event,
    Finished,
    G4tuiError,
    Host,
    Message,
    ModelFile,
    ModelInfo,
    ModelSpec,
    NoOptions,
    Price,
    Request,
    estimated_tokens,
)


class Least(Engine):
    """Answers, and can do nothing else."""

    context = 100

    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        yield Finished("stop")


class LeastBackend(Backend[NoOptions]):
    """What has them here, or, told so, sends to them."""

    name = "least"
    options = NoOptions
    sent_to = ""

    def models(self, host: Host, options: NoOptions) -> list[ModelInfo]:
        return []

    def open(self, spec: ModelSpec, options: NoOptions, host: Host) -> Engine:
        return Least()

    def destination(self, spec: ModelSpec, options: NoOptions) -> str:
        return self.sent_to or super().destination(spec, options)


def test_what_stays_here_is_free_and_of_what_leaves_nobody_knows_the_price() -> None:
    backend, spec = LeastBackend(), ModelSpec("least", "m")
    assert backend.destination(spec, NoOptions()) == ""
    assert backend.price(spec, NoOptions()) == Price(0.0, 0.0)
    assert (backend.environment(), backend.runs, backend.hot_adapters) == ({}, "worker", False)
    backend.sent_to = "api.example.org"
    assert backend.price(spec, NoOptions()) is None


class LeastAsync(AsyncEngine):
    """The same behind a network."""

    context = 100

    async def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        yield Finished("stop")


@pytest.mark.parametrize("engine", [Least(), LeastAsync()])
def test_an_engine_without_a_tokenizer_guesses_rather_too_much(engine: Least | LeastAsync) -> None:
    assert not engine.can_continue
    empty = engine.count_tokens(())
    messages = (Message("user", "four words are here"), Message("assistant", "x" * 400))
    assert empty > 0
    assert engine.count_tokens(messages) == empty + sum(
        engine.count_tokens((message,)) - empty for message in messages
    )
    assert engine.count_tokens(messages) > sum(
        estimated_tokens(message.content) for message in messages
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine.tokenize("x"),
        lambda engine: engine.prompt_ids(()),
        lambda engine: engine.score([1, 2], 1),
        lambda engine: engine.embed(["x"]),
        lambda engine: LeastAsync.batches(engine),
    ],
    ids=["tokenize", "prompt_ids", "score", "embed", "batches"],
)
def test_what_an_engine_cannot_do_is_said(ask: Callable[[Least], object]) -> None:
    with pytest.raises(G4tuiError) as raised:
        ask(Least())
    assert raised.value.info.kind == "unsupported"
    assert raised.value.info.title


def test_what_an_engine_need_not_do_is_nothing() -> None:
    engine = Least()
    assert (engine.use_threads(2), engine.idle(), engine.close()) == (None, None, None)
    assert asyncio.run(LeastAsync().close()) is None


def test_a_conversations_folder_is_private_and_stays(tmp_path: Path) -> None:
    host = Host(tmp_path / "not" / "yet")
    folder = host.conversation_dir("key")
    assert folder == host.conversations / "key"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(host.conversations.stat().st_mode) == 0o700
    (folder / "state").touch()
    assert host.conversation_dir("key") == folder
    assert (folder / "state").exists()


def test_a_model_file_is_found_by_its_name_and_by_its_path(tmp_path: Path) -> None:
    elsewhere = tmp_path / "own.gguf"
    elsewhere.touch()
    host = Host(tmp_path, [ModelFile("fox", "/models/fox.gguf", 1, "gguf")])
    assert host.find_file("fox") == host.find_file("/models/fox.gguf") == Path("/models/fox.gguf")
    assert host.find_file(str(elsewhere)) == elsewhere
    for name, title, guess in (
        ("Fix", "There is no such model", "Did you mean fox?"),
        ("wolverine", "There is no such model", "wolverine"),
        ("own.gguf", "There is no such model", "own.gguf"),
        (str(tmp_path / "gone.gguf"), "There is no such file", "gone.gguf"),
    ):
        with pytest.raises(G4tuiError) as error:
            host.find_file(name)
        info = error.value.info
        assert (info.kind, info.title) == ("missing", title)
        assert guess in info.detail
        assert "g4tui models pull" in info.remedy


def test_a_host_that_gives_nothing_gives_no_key(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert (host.model_files, host.threads) == ((), 1)
    assert host.secret("openai", "https://api.openai.com:443") is None
    assert (host.log("x"), host.progress(1, 2)) == (None, None)
