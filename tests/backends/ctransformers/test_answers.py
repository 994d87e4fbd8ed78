"""Real GGML and GGUF files of random weights, answering in worker processes."""

from pathlib import Path

import pytest

from g4tui.core import (
    Cancel,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Message,
    Params,
    Progress,
    Request,
    Usage,
)
from g4tui.worker import Worker
from support.model_files import written
from support.old_families import tiny_family
from support.workers import text_of

from .conftest import MakeWorker

GREEDY = Params(temperature=0.0, max_tokens=12)


async def ask(worker: Worker, text: str, params: Params = GREEDY, *before: Message) -> list[Event]:
    request = Request((*before, Message("user", text)), params)
    return [event async for event in worker.generate(request, Cancel())]


def usage_of(events: list[Event]) -> Usage:
    return next(event for event in events if isinstance(event, Usage))


@pytest.mark.parametrize("model", ["gpt2", "llama", "spm"])
async def test_each_kind_of_file_answers(make_worker: MakeWorker, model: str) -> None:
    worker = make_worker(model)
    await worker.start()
    try:
        first = await ask(worker, "Hello the world")
        again = await ask(worker, "Hello the world")
    finally:
        await worker.close()
    assert first[-1] == Finished("length")
    assert usage_of(first).completion == 12
    assert text_of(first) == text_of(again) != ""
    assert usage_of(again).cached == usage_of(again).prompt - 1


@pytest.mark.parametrize("family", ["gptj", "gptneox", "dolly-v2", "mpt", "replit"])
async def test_each_old_family_answers(
    make_worker: MakeWorker, tmp_path: Path, family: str
) -> None:
    path = written(tmp_path, "old.bin", tiny_family(family))
    worker = make_worker(str(path), models={"old": {"format": "none"}})
    await worker.start()
    try:
        events = await ask(worker, "the cat", Params(temperature=0.0, max_tokens=5))
        full = await ask(worker, "the cat", Params(temperature=0.0))
    finally:
        await worker.close()
    assert usage_of(events).completion == 5
    assert full[-1] in (Finished("length"), Finished("stop"))
    assert usage_of(full).prompt + usage_of(full).completion <= worker.context == 64


async def test_the_prompt_is_counted_as_it_is_read(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        counted = await worker.count_tokens([Message("user", "Hello 猫 🎉")])
        events = await ask(worker, "Hello 猫 🎉")
    finally:
        await worker.close()
    assert usage_of(events).prompt == counted
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1] == Progress("prefill", counted, counted)


@pytest.mark.parametrize(
    ("part", "times"), [("猫", 3000), ("🎉", 2000), ("a", 200_000), ("\0", 500), (" ", 9000)]
)
async def test_texts_that_overflow_other_tokenizers_are_counted(
    make_worker: MakeWorker, part: str, times: int
) -> None:
    text = part * times
    for model in ("gpt2", "spm"):
        worker = make_worker(model)
        await worker.start()
        try:
            assert len(await worker.tokenize(text)) > 0
            failed = await ask(worker, text * 2)
            answered = await ask(worker, "Hello")
        finally:
            await worker.close()
        assert isinstance(failed[-1], Failed)
        assert failed[-1].error.kind == "context"
        assert answered[-1] == Finished("length")


async def test_an_answer_ends_with_the_context(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        events = await ask(worker, "Hello", Params(temperature=0.0))
    finally:
        await worker.close()
    usage = usage_of(events)
    assert worker.context == 128
    assert (events[-1], usage.prompt + usage.completion) == (Finished("length"), 128)


async def test_a_seed_repeats_an_answer_and_another_does_not(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        texts = [
            text_of(await ask(worker, "Hello", Params(seed=seed, max_tokens=30, temperature=1.5)))
            for seed in (1, 1, 2)
        ]
    finally:
        await worker.close()
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) > 5  # a generator made anew with one seed would repeat itself


async def test_extreme_parameters_are_taken_or_refused(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        for params in (
            Params(top_k=10_000_000, max_tokens=2),
            Params(top_k=0, top_p=0.0, max_tokens=2),
            Params(temperature=1e-9, max_tokens=2),
            Params(min_p=1.0, max_tokens=2),
        ):
            assert (await ask(worker, "Hello", params))[-1] == Finished("length"), params
        for params in (
            Params(temperature=-1.0),
            Params(repeat_penalty=0.0),
            Params(top_p=7.0),
            Params(max_tokens=0),
        ):
            last = (await ask(worker, "Hello", params))[-1]
            assert isinstance(last, Failed), params
            assert last.error.kind == "usage"
    finally:
        await worker.close()


async def test_min_p_of_one_leaves_the_likeliest_word(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        greedy = await ask(worker, "Hello", Params(temperature=0.0, max_tokens=8))
        certain = await ask(worker, "Hello", Params(temperature=2.0, min_p=1.0, max_tokens=8))
    finally:
        await worker.close()
    assert text_of(certain) == text_of(greedy)


async def test_an_answer_is_continued_where_it_broke_off(make_worker: MakeWorker) -> None:
    worker = make_worker("spm")
    await worker.start()
    plain = Params(temperature=0.0, repeat_penalty=1.0, max_tokens=3)
    try:
        assert worker.can_continue
        messages = (Message("user", "Hello"), Message("assistant", "the world"))
        request = Request(messages, plain, continue_last=True)
        events = [event async for event in worker.generate(request, Cancel())]
        asked = await worker.count_tokens([messages[0]])
    finally:
        await worker.close()
    assert usage_of(events).prompt > asked
    assert events[-1] == Finished("length")


async def test_log_probabilities_sum_up(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    try:
        alone = [(await worker.score([260, token], 1))[0] for token in range(0, 264)]
        chain = await worker.score([260, 257, 261], 1)
    finally:
        await worker.close()
    assert sum(2.718281828459045**value for value in alone) == pytest.approx(1.0, abs=1e-4)
    assert chain[0] == pytest.approx(alone[257], abs=1e-4)


async def test_the_default_model_is_refused_with_the_one_that_reads_it(
    make_worker: MakeWorker, default_model: Path
) -> None:
    worker = make_worker(str(default_model))
    with pytest.raises(G4tuiError) as caught:
        await worker.start()
    info = caught.value.info
    assert info.kind == "unsupported"
    assert f"llama-cpp:{default_model}" in info.remedy
    assert "BPE" in info.detail


async def test_a_killed_worker_is_an_error_and_a_new_one_answers(make_worker: MakeWorker) -> None:
    worker = make_worker("gpt2")
    await worker.start()
    assert worker.pid is not None
    import os
    import signal

    os.kill(worker.pid, signal.SIGKILL)
    last = (await ask(worker, "Hello"))[-1]
    assert isinstance(last, Failed)
    assert last.error.kind == "crashed"
    await worker.close()
    other = make_worker("gpt2")
    await other.start()
    try:
        assert (await ask(other, "Hello"))[-1] == Finished("length")
    finally:
        await other.close()
