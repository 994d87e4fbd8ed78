"""What a worker answers when all goes well."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from g4tui.core import (
    Attachment,
    Cancel,
    Finished,
    G4tuiError,
    Message,
    ModelFile,
    ModelSpec,
    Params,
    Progress,
    Request,
    TextDelta,
    Usage,
)
from g4tui.worker import HostConfig, Worker
from support.workers import answer, asking, failure, fake_worker, text_of, thinking_of

Starter = Callable[..., Awaitable[Worker]]


async def test_threads_are_heard_of_while_it_answers(started: Starter) -> None:
    worker = await started()
    worker.use_threads(None)  # as it was opened: nothing to say
    text = ""
    async for event in worker.generate(asking("counts_threads 2"), Cancel()):
        if isinstance(event, TextDelta):
            text += event.text
            if event.text == "So ":
                for count in (1, 1, None):
                    worker.use_threads(count)
    assert text == "So [1, None]"


async def test_an_answer_arrives_whole_and_in_order(started: Starter) -> None:
    worker = await started()
    events = await answer(worker, "words 500")
    assert text_of(events) == "".join(f"w{number} " for number in range(500))
    assert thinking_of(events) == "Hm."
    assert isinstance(events[0], Progress)
    assert events[-2] == Usage(prompt=1, completion=500, tok_per_s=None)
    assert events[-1] == Finished("stop")
    assert sum(isinstance(event, Finished) for event in events) == 1


async def test_one_worker_answers_many_questions(started: Starter) -> None:
    worker = await started()
    for count in (1, 2, 3):
        assert text_of(await answer(worker, f"words {count}")).split()[-1] == f"w{count - 1}"
    assert worker.alive


async def test_questions_at_once_are_answered_one_after_another(started: Starter) -> None:
    worker = await started()
    counted, one, two = await asyncio.gather(
        worker.count_tokens([Message("user", "four")]),
        answer(worker, "words 200"),
        answer(worker, "words 100"),
    )
    assert counted == 4
    assert [len(text_of(events).split()) for events in (one, two)] == [200, 100]


async def test_two_workers_stream_side_by_side(started: Starter) -> None:
    one, two = await started(), await started()
    assert one.pid != two.pid
    answers = await asyncio.gather(answer(one, "words 300"), answer(two, "words 300"))
    assert all(events[-1] == Finished("stop") for events in answers)


async def test_what_waits_is_joined(started: Starter) -> None:
    worker = await started()
    stream = worker.generate(asking("words 2000"), Cancel())
    events = [await anext(stream)]
    await worker_is_done(worker)
    events += [event async for event in stream]
    assert len(text_of(events).split()) == 2000
    assert len(events) < 200


async def worker_is_done(worker: Worker) -> None:
    """Wait until the question after the current one was answered."""
    await worker.tokenize("x")


async def test_the_optional_parts(started: Starter) -> None:
    worker = await started()
    assert worker.context == 2048
    assert worker.can_continue
    assert await worker.tokenize("añ😀") == [97, 241, 128512]
    assert await worker.count_tokens([Message("system", "ab"), Message("user", "c")]) == 3
    asked = await worker.prompt_ids([Message("system", "a"), Message("user", "é")])
    assert asked == [60, 97, 62, 60, 233, 62]
    scores = await worker.score([1, 2, 3, 4, 5], 1)
    assert str(scores) == "[-0.5, -inf, nan, 0.30000000000000004]"
    assert await worker.embed(["a", "bcd"]) == [[1.0, 0.25], [3.0, 0.25]]
    many = await worker.embed(["x" * length for length in range(200)])
    assert [vector[0] for vector in many] == list(range(200))
    with pytest.raises(G4tuiError, match="not finite"):
        await worker.embed(["inf"])
    assert worker.alive


async def test_everything_reaches_the_backend(tmp_path: Path) -> None:
    spec = ModelSpec("fake", "any", adapters=("/a/lora.gguf",), context=777)
    file = ModelFile("m", "/m.gguf", 12, "gguf", architecture="llama")
    worker = Worker(
        "fake",
        spec,
        {"greeting": "Grüß Gott", "threads": 3},
        HostConfig(tmp_path / "cache", [file], 5),
        tmp_path / "worker.log",
        module="support.fake_native",
    )
    await worker.start()
    request = Request(
        (
            Message("assistant", "hi", "thinking", (Attachment("a.txt", "text\x00\x1b"),)),
            Message("user", "mirror"),
        ),
        Params(temperature=0.5, seed=2**62, stop=("\n",), extra={"deep": [1, None, {"x": 1.5}]}),
        continue_last=True,
        cache_key="abc",
        adapters=("/b/lora.gguf",),
    )
    events = [event async for event in worker.generate(request, Cancel())]
    await worker.close()
    seen = json.loads(text_of(events))
    assert msgspec.convert(seen["request"], Request) == request
    assert msgspec.convert(seen["spec"], ModelSpec) == spec
    assert seen["options"]["greeting"] == "Grüß Gott"
    assert seen["options"]["threads"] == 3
    assert (seen["threads"], seen["cache_dir"]) == (5, str(tmp_path / "cache"))
    assert msgspec.convert(seen["model_files"], list[ModelFile]) == [file]
    assert worker.context == 777


async def test_a_pasted_book_goes_through(started: Starter) -> None:
    worker = await started()
    book = "words 3\n" + "\x01é😀" * 1_700_000
    assert await worker.count_tokens([Message("user", book)]) == len(book)
    request = Request((Message("assistant", book), Message("user", "words 3")))
    events = [event async for event in worker.generate(request, Cancel())]
    assert text_of(events) == "w0 w1 w2 "


async def test_half_characters_do_not_break_the_pipe(started: Starter) -> None:
    worker = await started()
    assert text_of(await answer(worker, "surrogates")) == "a😀b\ufffdc"
    assert await worker.tokenize("\udcff") == [0xFFFD]


async def test_printing_goes_to_the_log(started: Starter, tmp_path: Path) -> None:
    worker = await started()
    assert text_of(await answer(worker, "prints")) == "quiet"
    log = (tmp_path / "logs" / "worker0.log").read_text()
    for line in ("printed by Python", "written to fd 1", "printed by C", "logged by the host"):
        assert line in log


async def test_state_is_saved_when_nothing_is_asked(started: Starter, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = await started(journal=str(journal))
    await answer(worker, "words 1")
    assert journal.read_text().split() == ["generate"]
    async with asyncio.timeout(20):
        while journal.read_text().split() != ["generate", "idle"]:
            await asyncio.sleep(0.05)
    await worker.idle()
    assert journal.read_text().split() == ["generate", "idle", "idle"]


async def test_closing_saves_and_frees_once(started: Starter, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    worker = await started(journal=str(journal))
    await worker.close()
    await worker.close()
    assert journal.read_text().split() == ["idle", "close"]
    assert not worker.alive
    assert worker.exit is not None
    assert (worker.exit.reason, worker.exit.code) == ("closed", 0)
    with pytest.raises(G4tuiError, match="has ended"):
        await worker.tokenize("x")


async def test_a_wrong_request_is_refused_and_harms_nothing(started: Starter) -> None:
    worker = await started()
    request = Request((Message("user", "words 1"),), Params(extra={"x": object()}))
    events = [event async for event in worker.generate(request, Cancel())]
    assert failure(events).error.kind == "usage"
    assert (await answer(worker, "words 1"))[-1] == Finished("stop")


async def test_a_value_of_a_wrong_type_is_named_and_harms_nothing(started: Starter) -> None:
    worker = await started()
    request = Request((Message("user", "words 1"),), Params(seed="lucky"))  # type: ignore[arg-type]
    error = failure([event async for event in worker.generate(request, Cancel())]).error
    assert (error.kind, "seed" in error.detail) == ("usage", True)
    assert (await answer(worker, "words 1"))[-1] == Finished("stop")


async def test_asking_before_the_start_is_an_error(make_worker: Callable[..., Worker]) -> None:
    worker = make_worker()
    with pytest.raises(G4tuiError):
        await worker.tokenize("x")
    failure(await answer(worker, "words 1"))


async def test_a_backend_comes_by_its_entry_point(tmp_path: Path) -> None:
    worker = Worker(
        "no-such-backend",
        ModelSpec("no-such-backend", "m"),
        {},
        HostConfig(tmp_path),
        tmp_path / "log",
    )
    with pytest.raises(G4tuiError, match="no-such-backend") as caught:
        await worker.start()
    assert caught.value.info.kind == "usage"


async def test_a_network_backend_is_not_for_workers(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError, match="does not run in a worker"):
        await fake_worker(tmp_path, backend="elsewhere").start()
