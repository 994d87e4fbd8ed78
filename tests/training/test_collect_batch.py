"""The Batch API, whole: written, sent, waited for, read; and gone on with wherever it was cut."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from g4tui.core import G4tuiError
from g4tui_openai.backend import OpenAIBackend
from g4tui_training.stages import Context
from support.batch_server import (
    BatchServer,
    WrongError,
    batch_server,
    check_line,
    echo,
    expired,
    refused,
    said,
)
from support.collecting import Collector, ask_rows

RECIPE = (
    'name = "r"\n[collect]\nteacher = "openai@here:m"\nsystem = "Be brief."\n'
    "usd_per_million_in = 10\nusd_per_million_out = 100\nparams = { max_tokens = 20, seed = 7 }\n"
)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with batch_server() as running:
        yield running


@pytest.fixture
def collector(context: Callable[[str], Context], server: BatchServer) -> Collector:
    tables: dict[str, dict[str, Any]] = {
        "openai": {"servers": {"here": {"base_url": server.base_url}}, "find_local": False}
    }
    return Collector(context(RECIPE), OpenAIBackend(), tables)


def test_a_batch_runs_whole_at_half_the_price(collector: Collector, server: BatchServer) -> None:
    collector.prompts(ask_rows(30))
    done = collector.run(batch=True)
    assert [row["response"] for row in done.pairs] == [
        f"so: question number {n}" for n in range(30)
    ]
    assert {row["teacher"] for row in done.pairs} == {"m"}
    # 10 tokens asked and 5 answered each: $0.0006, of which half is paid.
    assert done.counts["usd"] == pytest.approx(30 * 0.0003)
    assert len(server.batches) == 1
    assert set(server.asked.values()) == {1}
    request = check_line(server.files["file-1"].splitlines()[0])
    assert request["body"] == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "question number 0"},
        ],
        "max_tokens": 20,
        "seed": 7,
    }
    assert any("30 prompts, about $" in line and "within a day" in line for line in done.said)
    assert list(collector.context.run.batches.iterdir()) == []
    assert collector.run(batch=True).counts["answered"] == 30
    assert len(server.batches) == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}',
        b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {}}',
        b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body":'
        b' {"model": "m", "messages": [{"role": "usr", "content": "x"}]}}',
        b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body":'
        b' {"model": "m", "messages": [{"role": "user", "content": "x"}], "top_k": 3}}',
    ],
)
def test_the_fake_refuses_what_openai_would(line: bytes) -> None:
    with pytest.raises(WrongError):
        check_line(line)


def test_partial_failures_are_listed_and_the_expired_asked_again(
    collector: Collector, server: BatchServer
) -> None:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        text = body["messages"][-1]["content"]
        if len(server.batches) == 1 and text.endswith(("2", "3")):
            return expired()
        if text.endswith("5"):
            return refused(400, "no such thing")
        if text.endswith("7"):
            return said("")
        return echo(body)

    server.answer = answer
    collector.prompts(ask_rows(20))
    done = collector.run(batch=True)
    assert len(server.batches) == 2
    assert len(done.pairs) == 16
    assert {row["id"]: row["kind"] for row in done.failed} == {
        "q/5": "refused",
        "q/15": "refused",
        "q/7": "empty",
        "q/17": "empty",
    }
    assert "no such thing" in done.failed[0]["detail"]
    server.answer = echo
    again = collector.run(batch=True)
    assert len(again.pairs) == 20
    assert len(server.batches) == 3
    assert max(server.asked.values()) == 2, "only what had failed was asked again"


def test_the_stop_holds_for_batches(collector: Collector, server: BatchServer) -> None:
    server.answer = lambda body: said("word", prompt=40, completion=20)
    collector.recipe(max_usd=0.1)
    collector.prompts(ask_rows(300))
    done = collector.run(batch=True)
    assert done.counts["ended"] == "budget"
    assert 20 < done.counts["answered"] < 100
    assert done.counts["usd"] <= 0.1
    collector.run(batch=True)
    assert collector.run(batch=True).counts["usd"] <= 0.1


def test_a_batch_that_is_refused_is_told(collector: Collector, server: BatchServer) -> None:
    server.refuse_all = "Enqueued token limit reached for m"
    collector.prompts(ask_rows(5))
    with pytest.raises(G4tuiError) as raised:
        collector.run(batch=True)
    assert "Enqueued token limit reached" in raised.value.info.detail
    server.refuse_all = ""
    done = collector.run(batch=True)
    assert len(done.pairs) == 5
    assert done.counts["usd"] == pytest.approx(5 * 0.0003)


@pytest.mark.parametrize(
    "call",
    [
        "POST /v1/files",
        "POST /v1/batches",
        "GET /v1/batches/",
        "GET /v1/files/",
    ],
)
def test_it_goes_on_from_any_step_where_it_was_cut(
    collector: Collector, server: BatchServer, call: str
) -> None:
    collector.prompts(ask_rows(8))
    server.broken[call] = 100
    with pytest.raises(G4tuiError):
        collector.run(batch=True)
    server.broken.clear()
    done = collector.run()
    assert len(done.pairs) == 8
    assert len(server.batches) == 1
    assert set(server.asked.values()) == {1}


def test_a_batch_whose_name_was_lost_is_found_again(
    collector: Collector, server: BatchServer
) -> None:
    """Killed between the server's answer and the journal: nothing is paid twice."""
    server.polls = 10_000
    collector.prompts(ask_rows(8))

    async def cut() -> None:
        task = asyncio.create_task(collector.arun(batch=True))
        while not server.batches or "batch-sent" not in collector.context.run.journal.read_text():
            await asyncio.sleep(0.01)
        collector.context.cancel.request()
        await task

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(cut())
    assert any("batches go on at the server" in line for line in collector.said)
    journal = collector.context.run.journal
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b"batch-sent" not in line))
    server._left = dict.fromkeys(server.batches, 0)
    collector.context = Context(
        collector.context.recipe, collector.context.folder, collector.context.run
    )
    done = collector.run(batch=True)
    assert len(done.pairs) == 8
    assert len(server.batches) == 1


def test_a_teacher_without_batches_says_so(context: Callable[[str], Context]) -> None:
    from g4tui.testing import ScriptedBackend

    text = 'name = "r"\n[collect]\nteacher = "scripted:parrot"\n'
    one = Collector(context(text), ScriptedBackend(["x"]))
    one.prompts(ask_rows(2))
    with pytest.raises(G4tuiError) as raised:
        one.run(batch=True)
    assert raised.value.info.kind == "unsupported"
