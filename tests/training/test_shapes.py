"""Rows of every shape that people publish, alone and mixed."""

import time
from typing import Any

import pytest

from g4tui_training.recipe import Columns
from g4tui_training.sources.records import Draft, Unfit, as_number
from g4tui_training.sources.shapes import drafts_of, moment
from g4tui_training.sources.trees import nested

NONE = Columns()


def one(record: object, columns: Columns = NONE) -> Draft:
    (draft,) = drafts_of(record, "auto", columns)
    return draft


def said(draft: Draft) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in draft.turns]


@pytest.mark.parametrize(
    ("record", "turns", "response"),
    [
        ("a question", [("user", "a question")], None),
        ({"text": "t"}, [("user", "t")], None),
        ({"question": "q", "category": 3}, [("user", "q")], None),
        ({"question": "q", "answer": "a"}, [("user", "q")], "a"),
        ({"query": "q", "response": "a", "text": "t"}, [("user", "q")], "a"),
        ({"turns": ["first", "second"]}, [("user", "first")], None),
        ({"prompt": "p", "response": "r"}, [("user", "p")], "r"),
        ({"prompt": "p", "completion": "r"}, [("user", "p")], "r"),
        ({"prompt": "p", "response": None}, [("user", "p")], None),
        ({"instruction": "i", "input": "", "output": "o"}, [("user", "i")], "o"),
        ({"instruction": "i", "input": "x", "output": "o"}, [("user", "i\n\nx")], "o"),
        ({"instruction": "i", "system": "s", "output": "o"}, [("system", "s"), ("user", "i")], "o"),
        (
            {"instruction": "i", "output": "o", "system": "s", "history": [["a", "b"]]},
            [("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "i")],
            "o",
        ),
        ({"instruction": "i", "output": "o", "history": None}, [("user", "i")], "o"),
        (
            {
                "conversations": [
                    {"from": "human", "value": "a"},
                    {"from": "gpt", "value": "b"},
                    {"from": "human", "value": "c"},
                    {"from": "gpt", "value": "d"},
                ]
            },
            [("user", "a"), ("assistant", "b"), ("user", "c")],
            "d",
        ),
        (
            {"conversations": [{"from": "gpt", "value": "Hi!"}, {"from": "human", "value": "a"}]},
            [("user", "a")],
            None,
        ),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]},
            [("system", "s"), ("user", "a")],
            None,
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a"}, "b"]},
                    {"role": "assistant", "content": {"answer": "c"}},
                ]
            },
            [("user", "ab")],
            "c",
        ),
        (
            {"text": "<human>: a\nmore\n<bot>: b <human>: no\n<human>: c\n<bot>: d"},
            [("user", "a\nmore"), ("assistant", "b <human>: no"), ("user", "c")],
            "d",
        ),
    ],
)
def test_shapes(record: object, turns: list[tuple[str, str]], response: str | None) -> None:
    draft = one(record)
    assert said(draft) == turns
    assert draft.response == response


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (5, "a number where"),
        (None, "null where"),
        ({"a": 1}, "no known shape"),
        ({"conversations": []}, "no list"),
        ({"conversations": [{"from": "tool", "value": "x"}]}, "unknown role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "more than text"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "no user"),
        ({"messages": ["x"]}, "no object"),
        ({"prompt": 5, "response": "x"}, "without text"),
    ],
)
def test_what_fits_no_shape_says_why(record: object, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        drafts_of(record, "auto", NONE)


def test_well_known_keys_are_taken_over() -> None:
    draft = one(
        {
            "prompt": "p",
            "response": "r",
            "id": 7,
            "model": "gpt-x",
            "license": "MIT",
            "finish_reason": "length",
            "created": "2023-03-20T00:00:00+00:00",
            "rank": 2,
        }
    )
    assert (draft.id, draft.teacher, draft.licence, draft.rank) == ("7", "gpt-x", "MIT", 2)
    assert (draft.finish_reason, draft.created) == ("length", 1679270400.0)


def test_instances_are_rows_of_their_own() -> None:
    instances = [{"input": "", "output": "a"}, {"input": "x", "output": "b"}]
    record = {"id": "t", "instruction": "i", "instances": instances}
    first, second = drafts_of(record, "auto", NONE)
    assert [first.id, second.id] == ["t.0", "t.1"]
    assert (said(second), second.response) == ([("user", "i\n\nx")], "b")


def test_columns_go_before_shapes_and_reach_inside() -> None:
    record = {"q": {"title": "T", "body": ["B0", "B1"]}, "a": 5, "who": "me", "prompt": "no"}
    columns = Columns(prompt="q.title", input="q.body.1", response="a", teacher="who")
    draft = one(record, columns)
    assert (said(draft), draft.response, draft.teacher) == ([("user", "T\n\nB1")], "5", "me")
    with pytest.raises(Unfit, match="no column nothing"):
        one(record, Columns(prompt="nothing"))


def tree() -> dict[str, Any]:
    def node(text: str, role: str, *replies: Any, **more: Any) -> dict[str, Any]:
        return {"message_id": text, "text": text, "role": role, "replies": list(replies), **more}

    return {
        "message_tree_id": "t",
        "prompt": node(
            "ask",
            "prompter",
            node("good", "assistant", node("thanks", "prompter"), rank=0, synthetic=False),
            node("bad", "assistant", rank=1, synthetic=True, model_name="chip20b"),
        ),
    }


def test_each_answer_of_a_tree_is_a_row_and_no_machine_is_called_human() -> None:
    drafts = {draft.id: draft for draft in drafts_of(tree(), "auto", NONE)}
    assert {key: draft.response for key, draft in drafts.items()} == {
        "good": "good",
        "thanks": None,
        "bad": "bad",
    }
    assert said(drafts["thanks"]) == [("user", "ask"), ("assistant", "good"), ("user", "thanks")]
    assert drafts["good"].teacher == "human"
    assert drafts["bad"].teacher == "chip20b"
    assert (drafts["good"].rank, drafts["bad"].rank) == (0, 1)


def test_linked_messages_become_trees() -> None:
    rows: list[dict[str, Any]] = [
        {"message_id": "b", "parent_id": "a", "text": "answer", "role": "assistant"},
        {"message_id": "a", "parent_id": None, "text": "ask", "role": "prompter"},
        {"message_id": "x", "parent_id": "gone", "text": "lost", "role": "assistant"},
        {"message_id": "y", "parent_id": "y", "text": "own parent", "role": "prompter"},
    ]
    found = [draft for record in nested(rows) for draft in drafts_of(record, "auto", NONE)]
    assert [(said(draft)[-1][1], draft.response) for draft in found] == [
        ("ask", "answer"),
        ("own parent", None),
    ]


def test_a_very_deep_tree_ends() -> None:
    node: dict[str, Any] = {"text": "end", "role": "assistant", "replies": []}
    for number in range(900):
        role = "assistant" if number % 2 else "prompter"
        node = {"text": str(number), "role": role, "replies": [node]}
    wrapped = {"text": "root", "role": "prompter", "replies": [node]}
    assert drafts_of(wrapped, "auto", NONE)


@pytest.mark.parametrize("value", ["inf", "nan", 10**400, "9" * 400, True, None, [1]])
def test_what_is_no_number_is_told_by_nobody(value: object) -> None:
    assert as_number(value) is None
    assert moment(value) is None


def test_a_date_means_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = moment("2023-03-20"), moment("2023-03-20T00:00:00Z")
    time.tzset()
    assert found == (1679270400.0, 1679270400.0)
