"""Asking the teacher: each prompt once, within the limits, and what is told of failures."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from g4tui.core import (
    ErrorInfo,
    ErrorKind,
    Event,
    Failed,
    Finished,
    G4tuiError,
    Price,
    Request,
    TextDelta,
    Usage,
)
from g4tui.testing import ScriptedBackend
from g4tui_training.collect.stage import collect_stage
from g4tui_training.collect.tally import Tally
from g4tui_training.run import StageRecord
from g4tui_training.stages import Context, run_stage
from support.collecting import Clock, Collector, ask_rows, journal_of

Make = Callable[[str], Context]
RECIPE = 'name = "r"\n[collect]\nteacher = "scripted:parrot"\n'


def answer(text: str, prompt: int = 5, completion: int = 5, usd: float | None = 0.0) -> list[Event]:
    usage = Usage(prompt=prompt, completion=completion, cost_usd=usd)
    return [TextDelta(text), usage, Finished("stop")]


def failure(kind: ErrorKind, retry_after_s: float | None = None) -> list[Event]:
    return [Failed(ErrorInfo(kind, f"no {kind}", "said", "mend it", retry_after_s))]


def echo(request: Request) -> Sequence[Event]:
    return answer(f"so: {request.messages[-1].text}")


def asked(collector: Collector) -> list[str]:
    backend = collector.backend
    assert isinstance(backend, ScriptedBackend)
    return [request.messages[-1].text for request in backend.requests]


@pytest.fixture
def collector(context: Make) -> Callable[..., Collector]:
    """Makes a collector of a table `collect` and the teacher's answers."""

    def make(more: str = "", *answers: object, **named: object) -> Collector:
        backend = ScriptedBackend(list(answers) or [echo], **named)  # type: ignore[arg-type]
        return Collector(context(f"{RECIPE}{more}"), backend)

    return make


def test_every_prompt_is_asked_once_and_published_ones_never(
    collector: Callable[..., Collector],
) -> None:
    one = collector('system = "Be brief."')
    rows = ask_rows(30)
    rows[3] |= {"response": "published", "teacher": "human", "finish_reason": "stop"}
    rows.append({**rows[7], "id": "q/twin"})
    turns = [{"role": "system", "content": "Mine."}, {"role": "user", "content": "and now?"}]
    rows.append({"id": "q/long", "source": "q", "licence": "MIT", "messages": turns})
    one.prompts(rows)
    done = one.run()
    assert [row["id"] for row in done.pairs] == [row["id"] for row in rows]
    to_ask = {row["prompt"] for row in rows[:30] if "response" not in row} | {"and now?"}
    assert sorted(asked(one)) == sorted(to_ask)
    assert done.pairs[3]["response"] == "published"
    assert done.pairs[7]["response"] == done.pairs[30]["response"] == "so: question number 7"
    assert {row["teacher"] for row in done.pairs} == {"parrot", "human"}
    assert isinstance(one.backend, ScriptedBackend)
    systems = {r.messages[0].text for r in one.backend.requests if r.messages[0].role == "system"}
    assert systems == {"Be brief.", "Mine."}
    assert all(turn["role"] != "system" for turn in done.pairs[0].get("messages", []))
    assert (done.counts["published"], done.counts["answered"]) == (1, 31)


def test_the_second_run_asks_for_what_is_new(collector: Callable[..., Collector]) -> None:
    one = collector()
    one.prompts(ask_rows(5))
    one.run()
    one.prompts(ask_rows(8))
    done = one.run()
    assert len(asked(one)) == 8
    assert len(done.pairs) == 8
    one.recipe(system="Another way.")
    assert len(one.run().pairs) == 8
    assert len(asked(one)) == 16
    one.recipe(system="")
    assert len(one.run().pairs) == 8
    assert len(asked(one)) == 16, "the first answers are still in the journal"


def test_what_failed_is_listed_and_asked_again_last(collector: Callable[..., Collector]) -> None:
    def script(request: Request) -> Sequence[Event]:
        text = request.messages[-1].text
        if text.endswith("3") and len(asked(one)) < 20:
            return failure("context")
        if text.endswith("4") and len(asked(one)) < 20:
            return answer(" \n")
        return echo(request)

    one = collector("", script)
    one.prompts(ask_rows(10))
    done = one.run()
    assert [(row["id"], row["kind"]) for row in done.failed] == [
        ("q/3", "context"),
        ("q/4", "empty"),
    ]
    assert done.failed[0]["title"] == "no context"
    assert done.counts["kinds"] == {"context": 1, "empty": 1}
    assert len(done.pairs) == 8
    one.prompts(ask_rows(12))
    again = one.run()
    assert asked(one)[10:12] == ["question number 10", "question number 11"]
    assert {row["id"] for row in again.failed} == {"q/3", "q/4"}
    one.prompts(ask_rows(20))
    one.run()
    assert one.run().failed == []
    assert len(one.run().pairs) == 20


def test_a_failed_prompt_makes_the_stage_run_again() -> None:
    stage = collect_stage()
    records = [StageRecord(None, (), (), {"failed": failed}) for failed in (0, 2)]
    assert [stage.unfinished(record) for record in records] == [False, True]


def test_passing_trouble_is_tried_again_as_the_server_wants(
    collector: Callable[..., Collector],
) -> None:
    times: Counter[str] = Counter()

    def script(request: Request) -> Sequence[Event]:
        text = request.messages[-1].text
        times[text] += 1
        if text.endswith("2") and times[text] == 1:
            return failure("rate_limit", retry_after_s=120.0)
        if text.endswith("5") and times[text] < 4:
            return failure("network")
        if text.endswith("7"):
            return failure("protocol")
        return echo(request)

    one = collector("retries = 4\nconcurrency = 2", script)
    one.prompts(ask_rows(10))
    done = one.run()
    assert [row["id"] for row in done.failed] == ["q/7"]
    assert times["question number 7"] == 5
    assert times["question number 5"] == 4
    assert len(done.pairs) == 9
    assert max(done.clock.slept) >= 120
    pauses = sorted(seconds for seconds in done.clock.slept if seconds < 50)
    assert pauses[0] >= 2.0 and 16.0 <= pauses[-1] <= 21.0


@pytest.mark.parametrize("kind", ["auth", "quota", "missing"])
def test_what_no_question_can_escape_ends_it(
    collector: Callable[..., Collector], kind: ErrorKind
) -> None:
    one = collector("concurrency = 3", answer("a"), answer("b"), failure(kind))
    one.prompts(ask_rows(500))
    with pytest.raises(G4tuiError) as raised:
        one.run()
    assert raised.value.info.kind == kind
    assert "2 answers that came are kept" in raised.value.info.remedy
    assert len(asked(one)) <= 5
    one.backend = ScriptedBackend([echo])
    assert len(one.run().pairs) == 500


def test_a_teacher_that_is_gone_is_not_asked_for_ever(
    collector: Callable[..., Collector],
) -> None:
    one = collector("retries = 2\nconcurrency = 4", answer("first"), failure("network"))
    one.prompts(ask_rows(1000))
    with pytest.raises(G4tuiError) as raised:
        one.run()
    assert raised.value.info.kind == "network"
    assert len(asked(one)) < 100
    one.backend = ScriptedBackend([echo])
    done = one.run()
    assert len(done.pairs) == 1000
    assert done.failed == []


@pytest.mark.parametrize("limit", ["max_usd = 0.1", "max_tokens = 9000"])
def test_a_stop_stops_before_it_is_too_much(
    collector: Callable[..., Collector], limit: str
) -> None:
    # 100 tokens asked, 50 answered, as long as allowed: $0.0012 each, with 16 in flight.
    one = collector(
        f"{limit}\nconcurrency = 16\nusd_per_million_in = 2\nusd_per_million_out = 20\n"
        "params = { max_tokens = 50 }",
        answer("word", 100, 50),
        delay_s=0.002,
    )
    one.prompts([{**row, "prompt": row["prompt"] + " x" * 50} for row in ask_rows(300)])
    done = one.run()
    counts = done.counts
    assert counts["ended"] == "budget"
    assert counts["unasked"] == 300 - counts["answered"] > 0
    paid = sum(line["usd"] for line in done.journal if line["what"] == "answered")
    tokens = sum(
        line["prompt_tokens"] + line["completion_tokens"]
        for line in done.journal
        if line["what"] == "answered"
    )
    if "usd" in limit:
        assert 0.09 < paid <= 0.1
    else:
        assert 8500 < tokens <= 9000
    assert one.run().counts["answered"] == counts["answered"], "a second run spends no more"
    one.recipe(max_usd=None, max_tokens=None)
    assert len(one.run().pairs) == 300


def test_requests_that_were_killed_count_as_paid(collector: Callable[..., Collector]) -> None:
    prices = "usd_per_million_in = 0\nusd_per_million_out = 1000"
    one = collector(f"max_usd = 0.1\n{prices}\nparams = {{ max_tokens = 30 }}")
    lost = {"what": "asked", "key": "k" * 32, "usd": 0.03, "tokens": 50}
    one.context.run.journal.parent.mkdir(parents=True)
    one.context.run.journal.write_text(json.dumps(lost) + "\n" + json.dumps({**lost, "key": "l"}))
    one.prompts(ask_rows(20))
    done = one.run()
    # A question may cost $0.03, and costs $0.005: six are within $0.04.
    assert done.counts["usd_for_nothing"] == pytest.approx(0.06)
    assert done.counts["usd"] <= 0.1
    assert done.counts["answered"] == 3


def test_a_price_that_changes_is_counted_and_cannot_break_the_stop(
    collector: Callable[..., Collector],
) -> None:
    def script(request: Request) -> Sequence[Event]:
        usd = 0.001 if len(asked(one)) <= 20 else 0.006
        return answer("word", 10, 10, usd)

    one = collector("max_usd = 0.2\nconcurrency = 1\nparams = { max_tokens = 10 }", script)
    one.backend.price = lambda spec, options: Price(0.0, 100.0)  # type: ignore[method-assign]
    one.prompts(ask_rows(300))
    done = one.run()
    assert done.counts["overcharged"] >= 1
    assert any("cost more than their price allows" in line for line in done.said)
    assert 0.15 < done.counts["usd"] <= 0.2
    one.backend.price = lambda spec, options: Price(0.0, 50.0)  # type: ignore[method-assign]
    one.recipe(max_usd=1.0)
    assert one.run().counts["price_changes"] == 1
    assert any("The price changed" in line for line in one.said)


def test_ctrl_c_lets_what_is_in_flight_end(collector: Callable[..., Collector]) -> None:
    one = collector("concurrency = 4", delay_s=0.05)
    one.prompts(ask_rows(200))

    async def stopped() -> None:
        task = asyncio.create_task(one.arun())
        while len(asked(one)) < 10:
            await asyncio.sleep(0.005)
        one.context.cancel.request()
        await task

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(stopped())
    lines = journal_of(one.context.run.journal)
    kinds = Counter(line["what"] for line in lines)
    assert kinds["asked"] == kinds["answered"] == len(asked(one)) < 30
    one.context = Context(one.context.recipe, one.context.folder, one.context.run)
    done = one.run()
    assert len(done.pairs) == 200
    assert len(asked(one)) == 200


def test_a_forecast_is_told_and_a_no_asks_nothing(collector: Callable[..., Collector]) -> None:
    one = collector("usd_per_million_in = 1\nusd_per_million_out = 2\nmax_usd = 5")
    one.prompts(ask_rows(437_6))
    one.agree = False
    with pytest.raises(G4tuiError) as raised:
        one.run()
    assert raised.value.info.title == "Nothing was asked"
    assert asked(one) == []
    told = "\n".join(one.said)
    assert "4,376 prompts, about $2." in told
    assert "at these prices, about 43 min" in told
    assert "It stops before $5.00 in all" in told


def test_progress_tells_what_comes_first_the_end_or_the_limit() -> None:
    clock = Clock()
    tally = Tally(200, clock, before=0.5)
    assert tally.line(0.5, 1.0, True) == "0 of 200  $0.50 of $1.00"
    clock.now += 100
    tally.done, tally.retries = 50, 2
    assert tally.line(0.5, None, False) == "50 of 200  30.0/min  5 min left  2 tried again"
    assert "5 min left" in tally.line(0.6, 1.0, True)
    near = tally.line(0.9, 1.0, True)
    assert near == "50 of 200  30.0/min  $0.90 of $1.00  25 s to the limit  2 tried again"


@pytest.mark.parametrize(
    ("recipe", "title"),
    [
        ('licence = "permissive"\n[collect]\nterms = "openai"\n', "throw every answer away"),
        ("[collect]\nmax_usd = 1\n", "Nobody knows what this teacher costs"),
    ],
)
def test_what_would_be_for_nothing_is_not_begun(context: Make, recipe: str, title: str) -> None:
    text = f'name = "r"\n{recipe}teacher = "scripted:parrot"\n'
    one = Collector(context(text), ScriptedBackend([echo], sent_to="example.org"))
    one.prompts(ask_rows(3))
    with pytest.raises(G4tuiError) as raised:
        one.run()
    assert title in raised.value.info.title
    assert asked(one) == []


def test_openai_has_terms_and_others_have_none(context: Make) -> None:
    for host, terms in (("api.openai.com", "openai"), ("example.org", ""), ("", "")):
        one = Collector(context(RECIPE), ScriptedBackend([echo], sent_to=host))
        one.prompts(ask_rows(2))
        assert {row["terms"] for row in one.run().pairs} == {terms}


def test_without_a_teacher_the_published_pairs_go_on(context: Make) -> None:
    made = context('name = "r"\n')
    rows = ask_rows(3)
    rows[1] |= {"response": "r", "teacher": "human"}
    one = Collector(made, ScriptedBackend([echo]))
    one.prompts(rows)
    with made.run.locked():
        assert run_stage(collect_stage(), made) == "done"
        assert run_stage(collect_stage(), made) == "skipped"
    assert [json.loads(line)["id"] for line in made.run.pairs.read_text().splitlines()] == ["q/1"]


def test_a_full_disk_is_told_and_costs_no_answer(
    collector: Callable[..., Collector], small_disk: Callable[[str], Path]
) -> None:
    one = collector("", answer("word " * 400))
    disk = small_disk("160k")
    one.prompts(ask_rows(200))
    one.context.run.journal.symlink_to(disk / "journal.jsonl")
    with pytest.raises(G4tuiError) as raised:
        one.run()
    assert raised.value.info.kind == "storage"
    before = [line for line in journal_of(disk / "journal.jsonl") if line["what"] == "answered"]
    assert 20 < len(before) < 200
    whole = one.context.run.root / "more.jsonl"
    whole.write_bytes((disk / "journal.jsonl").read_bytes())
    one.context.run.journal.unlink()
    whole.rename(one.context.run.journal)
    asked_before = len(asked(one))
    assert len(one.run().pairs) == 200
    assert len(asked(one)) - asked_before == 200 - len(before)
