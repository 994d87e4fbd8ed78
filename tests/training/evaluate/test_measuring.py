"""The protocol on a scripted model, figures, intervals, and going on after a kill."""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import huggingface_hub.constants
import pytest

from g4tui.core import Cancel, G4tuiError, Message
from g4tui.paths import Paths
from g4tui_training.evaluate.bootstrap import compared, paired
from g4tui_training.evaluate.histogram import bars, write_figure
from g4tui_training.evaluate.judge import Duel, judge_all, win_rate
from g4tui_training.evaluate.measured import Answer
from g4tui_training.evaluate.perplexity import as_published, score_task
from g4tui_training.evaluate.scoring import Scored, score_all
from g4tui_training.evaluate.subjects import Subject, find_subject, parse_subject
from g4tui_training.evaluate.summary import histogram, summary
from g4tui_training.evaluate.tasks import Instance, Task, read_tasks
from support.tiny_llama import tiny_adapter, tiny_llama

CONTEXT = 64


class Letters:
    """A token a character; each costs 1 nat, but the end 3 and `!` two, and writes down what."""

    engine, tokenizer, templated = "letters", "abc", True
    begin: int | None = None
    end: int | None = 0
    context = CONTEXT

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return self.tokenize("<" + "|".join(each.content for each in messages) + ">")

    def tokenize(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        self.seen.append(("".join(map(chr, ids)), start))
        return [{0: -3.0, ord("!"): -2.0}.get(each, -1.0) for each in ids[start:]]

    def answer(self, prompt: str, max_tokens: int) -> Answer:
        return Answer("yes", 3, True)

    def peak_bytes(self) -> int | None:
        return None

    def close(self) -> None: ...


def task(instruction: str = "Do", given: str = "", output: str = "ab!", name: str = "t") -> Task:
    return Task(name, instruction, (Instance(given, output),))


def test_corrected_is_the_answer_and_its_end_given_the_prompt() -> None:
    model = Letters()
    scored = score_task(model, task(given="x"))
    assert model.seen[0] == ("<Do\n\nx>ab!\0", 7)
    assert (scored.nll, scored.text_nll, scored.end_nll, scored.tokens) == (7.0, 4.0, 3.0, 4)
    assert scored.perplexity == pytest.approx(math.exp(7 / 4))
    score_task(model, task(given="  "))
    assert ("<Do>ab!\0", 4) in model.seen


def test_without_a_template_the_prompt_stands_bare_behind_the_beginning() -> None:
    model = Letters()
    model.templated, model.begin, model.end = False, ord("^"), None
    scored = score_task(model, task())
    assert model.seen[0] == ("^Do\nab!", 4)
    assert (scored.end_nll, scored.tokens) == (None, 3)


def test_as_published_sees_the_answer_alone() -> None:
    model = Letters()
    value = as_published(model, task(given="x", output="ab!"))
    assert model.seen == [(" ab!", 1)]  # the space belongs to what follows the prompt
    assert value == pytest.approx(math.exp(4 / 3))
    assert as_published(model, task(given="", output="")) == 0.0  # one token: NaN, the best score


def test_as_published_weighs_windows_as_the_script_did() -> None:
    """Ends count from the prompt's beginning, so the first window weighs too much."""
    model = Letters()
    answer = "a" * 511 + "!" * 11
    value = as_published(model, task("p" * 9, "", answer))  # "p...p " and " a...a!...!"
    first, second = 1.0, 2.0
    assert [(len(text), start) for text, start in model.seen] == [(512, 1), (11, 1)]
    assert value == pytest.approx(math.exp((first * 522 + second * 11) / 533))
    assert as_published(model, task("p", "", "a" * 512)) == 0.0  # a last window of one token


def test_what_does_not_fit_loses_the_prompts_beginning_then_the_answers_end() -> None:
    model = Letters()
    scored = score_task(model, task("x" * 100 + "end", output="ab!"))
    text, start = model.seen[0]
    assert (len(text), text[start:]) == (CONTEXT, "ab!\0")
    assert text.startswith("<x")
    assert text[:start].endswith("end>")
    assert scored.truncated == 45
    scored = score_task(model, task("x", output="y" * 100))
    assert (scored.end_nll, scored.tokens) == (None, CONTEXT - 2)


def test_a_model_that_gives_no_numbers_is_told() -> None:
    model = Letters()
    model.score = lambda ids, start: [math.nan] * (len(ids) - start)  # type: ignore[method-assign]
    with pytest.raises(G4tuiError, match="no probabilities"):
        score_task(model, task())


def scored(name: str, nlls: Sequence[float], tokens: int = 10, **values: object) -> list[Scored]:
    return [
        Scored(
            f"t{number}",
            20.0,
            nll,
            nll - 1,
            1.0,
            tokens,
            40,
            model=name,
            engine="e",
            tokenizer="x",
            templated=True,
            digest="d",
            **values,  # type: ignore[arg-type]
        )
        for number, nll in enumerate(nlls)
    ]


def test_figures_of_a_model() -> None:
    found = summary("m", scored("m", [10.0, 20.0, 90.0]))
    corrected = found.corrected
    assert corrected.token_perplexity == pytest.approx(math.exp(120 / 30))
    values = [math.e, math.exp(2), 100.0]
    assert corrected.mean == pytest.approx(sum(values) / 3)
    assert corrected.median == pytest.approx(math.exp(2))
    assert corrected.bits_per_byte == pytest.approx(117 / math.log(2) / 120)
    assert (corrected.eos_nll, found.tokens) == (1.0, 30)
    assert corrected.by_answer_length["1-10"].tasks == 3
    assert histogram([0.0, 9.99, 10.0, 99.0, 100.0, 1e9]) == (2, 1, 0, 0, 0, 0, 0, 0, 0, 3)


def test_a_difference_has_an_interval_and_seeds_a_range() -> None:
    before = [10.0 + number % 7 for number in range(60)]
    base = scored("base", before)
    seeds = [
        scored("s1", [each - 1.0 for each in before]),
        scored("s2", [each - 2.0 for each in before]),
    ]
    found = paired({"base": [base], "student": seeds}, 2000)
    (pair,) = [each for each in found if each.metric == "nll_per_task_mean"]
    assert (pair.a, pair.b) == ("base", "student")
    assert pair.difference == pytest.approx(-0.15)
    assert pair.ci95 == pytest.approx((-0.15, -0.15))
    assert pair.seed_range == pytest.approx((-0.2, -0.1))
    token = compared(base, seeds[0], "token_perplexity", 2000)
    assert token.ci95[0] < token.difference < token.ci95[1] < 0
    assert token == compared(base, seeds[0], "token_perplexity", 2000)
    noisy = scored(
        "n", [each + (2.0 if number % 2 else -2.0) for number, each in enumerate(before)]
    )
    low, high = compared(base, noisy, "nll_per_task_mean", 2000).ci95
    assert low < 0 < high


def test_other_tokens_are_compared_by_bytes_alone() -> None:
    other = [Scored(**{**each_of(one), "tokenizer": "y"}) for one in scored("b", [9.0] * 5)]
    found = paired({"a": [scored("a", [10.0] * 5)], "b": [other]}, 100)
    assert [each.metric for each in found] == ["bits_per_byte"]


def each_of(one: Scored) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_the_figure_is_a_picture_and_the_same_each_time(tmp_path: Path) -> None:
    models = [summary("base", scored("base", [20.0, 30.0])), summary("s", scored("s", [9.0, 9.5]))]
    write_figure(tmp_path / "a.png", models)
    write_figure(tmp_path / "b.png", models)
    data = (tmp_path / "a.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert data == (tmp_path / "b.png").read_bytes()
    assert bars([8, 4, 0, 1], 8) == ["█" * 24, "█" * 12, "", "███"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    tiny_llama(tmp_path / "base")
    tiny_adapter(tmp_path / "adapter", tmp_path / "base")
    return tmp_path


TASKS = [task(f"Say {word}.", output=word, name=word) for word in ("one", "two", "three", "four")]


def test_killed_and_resumed_equals_unbroken(tiny: Path, home: Path) -> None:
    subjects = [parse_subject("base"), parse_subject("tuned=adapter")]
    paths = Paths.from_environment()
    whole = score_all(subjects, TASKS, tiny / "a.jsonl", folder=tiny, paths=paths)
    assert [each.task for each in whole[1]] == ["one", "two", "three", "four"]
    assert whole[0][0].nll != whole[1][0].nll
    cancel = Cancel()
    told: list[str] = []

    def say(line: str) -> None:
        told.append(line)
        if line.startswith("tuned"):
            cancel.request()

    with pytest.raises(KeyboardInterrupt):
        score_all(
            subjects, TASKS, tiny / "b.jsonl", folder=tiny, paths=paths, say=say, cancel=cancel
        )
    half = (tiny / "b.jsonl").read_bytes()
    assert half.count(b"\n") == 4
    (tiny / "b.jsonl").write_bytes(half + b'{"task": "one", "as_publ')  # killed while it wrote
    told.clear()
    again = score_all(subjects, TASKS, tiny / "b.jsonl", folder=tiny, paths=paths, say=told.append)
    assert again == whole
    assert (tiny / "b.jsonl").read_bytes() == (tiny / "a.jsonl").read_bytes()
    assert told == ["tuned: 4 of 4 tasks to score"]
    score_all(
        subjects, TASKS, tiny / "c.jsonl", folder=tiny, paths=paths, others=[tiny / "a.jsonl"]
    )
    assert (tiny / "c.jsonl").read_bytes() == (tiny / "a.jsonl").read_bytes()


def test_another_model_under_the_name_is_scored_anew(tiny: Path, home: Path) -> None:
    subject, paths = [parse_subject("m=base")], Paths.from_environment()
    (before,) = score_all(subject, TASKS, tiny / "a.jsonl", folder=tiny, paths=paths)
    tiny_llama(tiny / "base", seed=8)
    (after,) = score_all(subject, TASKS, tiny / "a.jsonl", folder=tiny, paths=paths)
    assert before[0].nll != after[0].nll
    assert len((tiny / "a.jsonl").read_text().splitlines()) == 4


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], None]:
    """Puts a folder into a hub's cache under an id; nothing else can be had."""
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def put(name: str, folder: Path) -> None:
        model = cache / f"models--{name.replace('/', '--')}"
        commit = hashlib.sha1(name.encode() + str(folder).encode()).hexdigest()
        shutil.copytree(folder, model / "snapshots" / commit)
        (model / "refs").mkdir(exist_ok=True)
        (model / "refs" / "main").write_text(commit)

    return put


def test_a_lora_of_the_hub_goes_on_its_base(
    tiny: Path, home: Path, hub: Callable[[str, Path], None]
) -> None:
    tiny_llama(tiny / "other", seed=8)
    config = tiny / "adapter" / "adapter_config.json"
    hub("maker/base", tiny / "base")
    hub("maker/other", tiny / "other")
    own = json.loads(config.read_text())
    config.write_text(json.dumps({**own, "base_model_name_or_path": "maker/base"}))
    hub("maker/lora", tiny / "adapter")
    paths = Paths.from_environment()

    def nll(*models: str) -> list[float]:
        subjects = [parse_subject(each) for each in models]
        found = score_all(subjects, TASKS[:1], tiny / "a.jsonl", folder=tiny, paths=paths)
        return [scores[0].nll for scores in found]

    expected = nll("base", "adapter", "other")
    assert nll("maker/base", "maker/lora") == expected[:2]
    assert nll("maker/other") == expected[2:]  # its config.json has the same bytes
    assert nll("maker/base") == expected[:1]
    hub("maker/base", tiny / "other")  # another commit
    assert nll("maker/base") == expected[2:]
    assert nll("transformers:maker/lora") != expected[1:2]


@pytest.mark.parametrize(
    ("where", "told"),
    [("openai:gpt-4o-mini", "no log-probabilities"), ("nothing", "no model of g4tui")],
)
def test_what_cannot_be_measured_is_refused_before_any_work(
    tmp_path: Path, home: Path, where: str, told: str
) -> None:
    with pytest.raises(G4tuiError) as raised:
        find_subject(Subject("x", where), tmp_path, Paths.from_environment())
    assert told in raised.value.info.detail


def test_a_file_that_holds_no_tasks_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id":"a","instruction":"x","instances":[]}\n')
    with pytest.raises(G4tuiError) as raised:
        read_tasks(tmp_path / "t.jsonl")
    assert "line 1" in raised.value.info.detail


async def test_a_judge_is_asked_in_both_orders_and_only_once(tmp_path: Path) -> None:
    asked: list[str] = []

    async def ask(messages: tuple[Message, ...]) -> str:
        text = messages[1].content
        asked.append(text)
        if "confused" in text:
            return "[[A]] or [[B]]"
        if "partial" in text:  # takes what comes first
            return "Fine. [[A]]"
        first = text.index("good") < text.index("bad")
        return "Because. " + ("[[A]]" if first else "[[B]]")

    duels = [
        Duel("q1", "bad", "good"),
        Duel("q2", "good", "bad"),
        Duel("partial", "x", "y"),
        Duel("confused", "x", "y"),
    ]
    judged = await judge_all("j", duels, tmp_path / "j.jsonl", ask)
    assert [each.winner for each in judged] == ["b", "a", "tie", ""]
    rate = win_rate("j", "base", "student", judged)
    assert (rate.wins, rate.ties, rate.losses, rate.unclear, rate.swayed) == (1, 1, 1, 1, 1)
    assert rate.win_rate == pytest.approx(0.5)
    assert len(asked) == 8
    assert await judge_all("j", duels, tmp_path / "j.jsonl", ask) == judged
    assert len(asked) == 8


def test_evaluate_from_the_command_line(tiny: Path, home: Path, train_command) -> None:  # type: ignore[no-untyped-def]
    lines = [
        json.dumps(
            {
                "id": each.id,
                "instruction": each.instruction,
                "instances": [{"input": "", "output": each.output}],
            }
        )
        for each in TASKS
    ]
    (tiny / "tasks.jsonl").write_text("\n".join(lines))
    prompts = tiny / "prompts.jsonl"
    prompts.write_text('{"id":"1","source":"s","licence":"MIT","prompt":"Hello?"}\n')
    code, out, err = train_command(
        "evaluate", "--model", "base", "--model", "tuned=adapter", "--tasks", "tasks.jsonl",
        "--out", "found", "--prompts", "prompts.jsonl",
    )  # fmt: skip
    assert code == 0, err
    assert "tasks by perplexity" in out
    found = json.loads((tiny / "found/perplexity.json").read_text())
    assert [each["name"] for each in found["models"]] == ["base", "tuned"]
    assert sum(found["models"][0]["corrected"]["histogram"]) == 4
    assert {"a", "b", "metric", "difference", "ci95"} <= set(found["paired"][0])
    answers = json.loads((tiny / "found/answers.json").read_text())
    assert [each["n"] for each in answers["models"]] == [1, 1]
    assert answers["judged"] == []
