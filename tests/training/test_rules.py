"""The rules on single rows, each by what it must and must not drop."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from g4tui.core import G4tuiError
from g4tui_training.clean.contamination import Tasks
from g4tui_training.clean.language import guess
from g4tui_training.clean.refusals import RefusalPhrases
from g4tui_training.clean.rows import Row
from g4tui_training.clean.rules import Policy, judged, row_rules
from g4tui_training.pairs import Pair
from g4tui_training.recipe import Clean, Language, Refusal, TooLong
from support.pairs import pair, read_rows

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
TASKS = EXAMPLES / "self_instruct_eval.jsonl"


def row(**fields: Any) -> Row:
    return Row(msgspec.convert({**pair("a"), **fields}, Pair))


def verdict(policy: Policy | None = None, **fields: Any) -> str:
    (found,) = judged([row(**fields)], row_rules(policy or Policy()))
    return found[0]


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("empty", {"response": ""}),
        ("empty", {"response": " \n\t"}),
        ("empty", {"prompt": "  "}),
        ("", {"response": "4"}),
        ("", {"response": "是"}),
        ("", {"response": "?"}),
        ("malformed", {"response": "a\x00b"}),
        ("malformed", {"prompt": "a\x1b[31mb"}),
        ("malformed", {"response": "l\ufffdst"}),
        ("", {"prompt": "pasted l\ufffdst text"}),
        ("", {"response": "a\tb\r\nc\fd"}),
        ("malformed", {"response": "Sure.<|im_end|>"}),
        ("malformed", {"response": "Sure.</s>"}),
        ("", {"response": "In HTML </s> ends a struck text."}),
        ("malformed", {"response": "It goes on. " + "And on and on it goes. " * 60}),
        ("", {"response": "| a | b |\n|---|---|\n" + "-" * 900}),
        ("cut_off", {"finish_reason": "length"}),
        ("cut_off", {"finish_reason": "content_filter"}),
        ("", {"finish_reason": ""}),
        ("cut_off", {"response": "Here:\n```python\nprint(1)\n"}),
        ("", {"response": "Here:\n```python\nprint(1)\n```\nDone."}),
        ("", {"response": "````md\n```\nnested\n````"}),
        ("", {"response": "Write ``` to open a fence."}),
        ("echo", {"prompt": "Say it", "response": "say  IT"}),
        ("", {"prompt": "Say it", "response": "Say it again and again."}),
        ("echo", {"prompt": "one two three " * 4, "response": "one two three " * 4 + "and four"}),
        ("too_long", {"prompt": "a" * 24_001}),
        ("too_long", {"response": "b " * 12_001 + "c"}),
    ],
)
def test_single_rows(rule: str, fields: dict[str, Any]) -> None:
    assert verdict(**fields) == rule


@pytest.mark.parametrize(
    ("turns", "rule"),
    [
        (["system", "user"], ""),
        (["user", "assistant", "user"], ""),
        (["user", "assistant"], "malformed"),
        (["user", "system", "user"], "malformed"),
        ([], "empty"),
    ],
)
def test_turns_in_order(turns: list[str], rule: str) -> None:
    messages = [{"role": role, "content": "x"} for role in turns]
    fields = {**pair("a"), "messages": messages}
    del fields["prompt"]
    made = Row(msgspec.convert(fields, Pair))
    (found,) = judged([made], row_rules(Policy()))
    assert found[0] == rule


def test_limits_and_off_are_those_of_the_recipe() -> None:
    short = Policy(clean=Clean(too_long=TooLong(response_chars=3)))
    assert verdict(short, response="four") == "too_long"
    off = Policy(clean=Clean(too_long=TooLong(response_chars=3), off=("too_long",)))
    assert verdict(off, response="four") == ""


def test_a_permissive_recipe_drops_other_licences_and_terms() -> None:
    policy = Policy(permissive=True)
    assert verdict(policy) == ""
    assert verdict(policy, licence="CC-BY-SA-4.0") == "licence"
    assert verdict(policy, licence="") == "licence"
    assert verdict(policy, terms="openai") == "licence"
    assert verdict(Policy(permissive=True, allow_terms=("openai",)), terms="openai") == ""
    assert verdict(Policy(), licence="", terms="openai") == ""


def test_listed_rows_are_dropped() -> None:
    policy = Policy(dropped={"a": "off topic"})
    (found,) = judged([row()], row_rules(policy))
    assert found == ("dropped", "off topic")


def test_refusals_as_labelled_by_hand() -> None:
    """226 rows that a loose search finds in real answers, and 200 others; see training/README.md.

    The phrases were fitted to these rows, so the figures are the best case.
    """
    phrases = RefusalPhrases()
    rows = read_rows(DATA / "refusals.jsonl")
    assert sum(each["loose"] for each in rows) == 226
    assert sum(not each["loose"] for each in rows) == 200
    truth = {each["id"] for each in rows if each["label"] == "refuses"}
    found = {each["id"] for each in rows if phrases.stance(each["response"])[0] == "refuses"}
    right = len(truth & found)
    assert len(truth) == 27
    assert right / len(found) == 1.0, found - truth
    assert right / len(truth) >= 0.85, truth - found


@pytest.mark.parametrize(
    ("response", "stance"),
    [
        ("As an AI language model, I cannot do that.", "refuses"),
        ("I\u2019m sorry, but I can\u2019t assist with that.", "refuses"),
        ("I cannot help with that request.", "refuses"),
        ("Sorry, but I won't provide such instructions.", "refuses"),
        ("I can't help but smile when the sea comes into view.", "answers"),
        ("'I cannot help you,' said the knight, and rode away.", "answers"),
        ("You cannot undo a Docker build. Remove the image instead.", "answers"),
        ("I'm sorry to hear that you feel lonely. Try to call a friend.", "answers"),
        ("The knight spoke long of his travels. " * 5 + "I cannot help you.", "answers"),
        ("I cannot draw it, but here is what it looks like:\n" + "1. A line\n" * 60, "hedged"),
        ("As an AI, I don't have opinions. " + "Many hold that tea is better. " * 6, "hedged"),
    ],
)
def test_stances(response: str, stance: str) -> None:
    assert RefusalPhrases().stance(response)[0] == stance


def test_a_recipe_adds_phrases() -> None:
    policy = Policy(clean=Clean(refusal=Refusal(extra=("jag kan inte",))))
    assert verdict(policy, response="Tyvärr, jag kan inte hjälpa dig.") == "refusal"
    assert verdict(response="Tyvärr, jag kan inte hjälpa dig.") == ""


def test_hedging_is_a_label() -> None:
    lines = "".join(f"{number}. A line of {number * 7} dots\n" for number in range(40))
    made = row(response="I cannot draw it, but here is how it looks:\n" + lines)
    assert judged([made], row_rules(Policy())) == [("", "")]
    assert made.labels == ["hedged"]


def tasks() -> list[tuple[str, str]]:
    found = []
    for task in read_rows(TASKS):
        given = task["instances"][0]["input"]
        found.append((task["id"], task["instruction"] + ("\n\n" + given if given.strip() else "")))
    return found


@pytest.fixture(scope="module")
def needles() -> Tasks:
    return Tasks([TASKS], 8, 13)


def test_every_task_is_found_planted_verbatim_reworded_and_wrapped(needles: Tasks) -> None:
    """What AlpacaEval does to the evaluation tasks, and what a person would to hide it."""
    assert needles.count == 252
    for identity, prompt in tasks():
        assert identity in needles.evidence(prompt, "")
        reworded = " ".join(prompt.upper().replace(",", " , ").split())
        assert needles.evidence(reworded, "")
        spaced = "\n\t ".join(prompt.lower().split()).replace(".", " !")
        assert needles.evidence(spaced, "")
        wrapped = f"You are a kind helper who thinks twice.\n{prompt}\nPlease answer in French now."
        assert needles.evidence(wrapped, "")


def test_real_prompts_are_not_taken_for_tasks(needles: Tasks) -> None:
    hits = [
        each["id"]
        for name in ("arena_gpt35", "gpteacher_roleplay", "self_instruct_seed", "oasst")
        for each in read_rows(EXAMPLES / f"{name}.jsonl")
        if needles.evidence(each.get("prompt") or each["messages"][-1]["content"], "")
    ]
    assert hits == []


def test_answers_of_tasks_are_found_by_13_words(needles: Tasks) -> None:
    long = next(
        task["instances"][0]["output"]
        for task in read_rows(TASKS)
        if len(task["instances"][0]["output"].split()) > 60
    )
    inside = " ".join(long.split()[20:40])
    assert "answer" in needles.evidence("A question", f"As they say: {inside} and so on.")
    assert needles.evidence("A question", " ".join(long.split()[20:28])) == ""


def test_short_tasks_are_found_whole(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(
        '{"instruction": "Draw a cat"}\n{"instruction": "Why?"}\n{"prompt": "天気は？"}\n'
    )
    short = Tasks([file], 8, 13)
    assert short.evidence("Please draw a CAT, now!", "")
    assert not short.evidence("Draw a dog and a cat", "")
    assert short.evidence("why", "")
    assert not short.evidence("why not?", "")
    assert short.evidence("今日の天気は？", "")


def test_a_file_without_tasks_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text("{}\n")
    with pytest.raises(G4tuiError) as raised:
        Tasks([file], 8, 13)
    assert "no evaluation task" in raised.value.info.title


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The weather is nice, and we are going to the sea with all of the children.", "en"),
        ("Das Wetter ist schön und wir gehen mit allen Kindern nicht an die See.", "de"),
        ("Il fait beau et nous allons à la mer avec tous les enfants dans une voiture.", "fr"),
        ("El tiempo es bueno y los niños van con su madre por la playa.", "es"),
        ("今日は天気がいいので、子供たちと海へ行きます。", "ja"),
        ("今天天气很好，我们和孩子们一起去海边。", "zh"),
        ("Сегодня хорошая погода, и мы идём с детьми на море.", "ru"),
        ("오늘은 날씨가 좋아서 아이들과 바다에 갑니다.", "ko"),
        ("for (int i = 0; i < n; i++) { a[i] = b[i] + c[i]; x = y; z = w; }", ""),
        ("Yes.", ""),
        ("", ""),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert guess(text) == language


def test_nearly_all_real_english_is_english() -> None:
    answers = [
        each["response"]
        for name in ("arena_gpt35", "gpteacher_roleplay", "gpteacher_codegen", "oasst")
        for each in read_rows(EXAMPLES / f"{name}.jsonl")
    ]
    other = [text for text in answers if guess(text) not in ("", "en")]
    assert len(other) <= 0.003 * len(answers)


def test_the_language_rule_is_off_until_asked_for() -> None:
    german = "Das Wetter ist schön und wir gehen mit allen Kindern nicht an die See."
    assert verdict(response=german) == ""
    policy = Policy(clean=Clean(language=Language(keep=("en",))))
    assert verdict(policy, response=german) == "language"
    assert verdict(policy) == ""
