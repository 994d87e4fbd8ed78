"""What is trained: the mask, packs that keep rows apart, plans, the audit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from g4tui.core import G4tuiError, Message
from g4tui_training.pairs import Pair, Turn
from g4tui_training.recipe import Train
from g4tui_training.train.audit import check_labels
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.train.loss import pack_tensors, token_losses
from g4tui_training.train.plan import Plan, packed
from g4tui_training.train.rows import Row, Rows, rows_of
from g4tui_training.train.schedule import learning_rate
from support.tiny_llama import tiny_tokenizer

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    return ChatTemplate(tiny_tokenizer())


def a_pair(prompt: str, response: str, *before: Turn, source: str = "s") -> Pair:
    return Pair(
        id=prompt[:20],
        source=source,
        licence="MIT",
        teacher="t",
        messages=(*before, Turn("user", prompt)),
        response=response,
    )


def rows(template: ChatTemplate, *pairs: Pair, **settings: object) -> Rows:
    return rows_of(pairs, template, Train(**settings))  # type: ignore[arg-type]


def learned(row: Row, template: ChatTemplate) -> str:
    return str(template.tokenizer.decode(row.ids[row.trained].tolist()))


def test_every_answer_and_its_end_are_learned_and_nothing_else(template: ChatTemplate) -> None:
    before = (Turn("system", "Be brief."), Turn("user", "One?"), Turn("assistant", "\n\n1 "))
    (row,) = rows(template, a_pair("Two? <|im_end|>", "2 <|im_start|>", *before)).rows
    assert learned(row, template) == "\n\n1 <|im_end|>2 <|im_start|><|im_end|>"
    whole = template.tokenizer.decode(row.ids.tolist())
    assert whole.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nOne?")
    # Three marks that turns begin with, one for the answer; spelled ones are only text.
    assert int((row.ids == 1).sum()) == 5
    assert int((row.ids == 2).sum()) == 5


def test_an_answer_begins_where_the_chat_would_begin_it(template: ChatTemplate) -> None:
    (row,) = rows(template, a_pair("Hi", "\n\nthe answer")).rows
    begin = int(np.flatnonzero(row.trained)[0])
    assert row.ids[:begin].tolist() == template.prompt_ids([Message("user", "Hi")])


def test_long_rows_are_left_out_and_counted_and_short_ones_weigh_more(
    template: ChatTemplate,
) -> None:
    found = rows(
        template,
        a_pair("q", "no", source="a/x"),
        a_pair("q2", "a long answer " * 9, source="a/y"),
        a_pair("q3", "too long " * 90, source="b"),
        max_length=300,
        short_answer_tokens=4,
        short_answer_weight=2.0,
    )
    assert [row.weight for row in found.rows] == [2.0, 1.0]
    assert {name: (t.rows, t.too_long, t.short) for name, t in found.tallies.items()} == {
        "a": (2, 0, 1),
        "b": (1, 1, 0),
    }


def test_rows_of_one_pack_do_not_see_each_other(template: ChatTemplate, tiny_base: Path) -> None:
    found = rows(template, *(a_pair(f"What is {n}?", "word " * n) for n in (3, 1, 9, 5))).rows
    model = LlamaForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa").eval()
    cpu = torch.device("cpu")
    with torch.no_grad():
        together = token_losses(model, pack_tensors(found, cpu))
        apart = torch.cat([token_losses(model, pack_tensors([row], cpu)) for row in found])
        torch.testing.assert_close(together, apart, atol=1e-5, rtol=0)
        # Against the plain way: all logits, shifted labels.
        for row in found:
            logits = model(torch.tensor(row.ids[None].astype(np.int64))).logits[0, :-1]
            labels = torch.tensor(np.where(row.trained, row.ids, -100)[1:].astype(np.int64))
            plain = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
            own = token_losses(model, pack_tensors([row], cpu))
            torch.testing.assert_close(own, plain[labels != -100], atol=1e-5, rtol=0)


def test_the_gradient_is_that_of_plain_cross_entropy(
    template: ChatTemplate, tiny_base: Path
) -> None:
    (row,) = rows(template, a_pair("What?", "word " * 80)).rows
    model = LlamaForCausalLM.from_pretrained(tiny_base)
    model.get_output_embeddings().weight.requires_grad_(False)
    weight = model.model.layers[0].self_attn.q_proj.weight
    token_losses(model, pack_tensors([row], torch.device("cpu"))).sum().backward()
    own, weight.grad = weight.grad.clone(), None
    logits = model(torch.tensor(row.ids[None].astype(np.int64))).logits[0, :-1]
    labels = torch.tensor(np.where(row.trained, row.ids, -100)[1:].astype(np.int64))
    torch.nn.functional.cross_entropy(logits, labels, reduction="sum").backward()
    torch.testing.assert_close(own, weight.grad, atol=1e-4, rtol=1e-4)


def test_a_plan_sees_each_row_once_an_epoch_in_an_order_of_its_own() -> None:
    lengths = [5 + n % 17 for n in range(50)]
    plan = Plan(lengths, batch=8, epochs=2.5, seed=3, capacity=40)
    assert (plan.rows, plan.steps) == (125, 18)
    steps = [plan.packs(step) for step in range(plan.steps)]
    seen = [sorted(row for pack in step for row in pack) for step in steps]
    for epoch in (seen[:7], seen[7:14]):
        assert sorted(row for step in epoch for row in step) == list(range(50))
    assert seen[0] != seen[7]
    assert sum(map(len, seen[14:])) == 25
    assert all(sum(lengths[row] for row in pack) <= 40 for step in steps for pack in step)
    assert Plan(lengths, 8, 2.5, 3, 40).packs(9) == steps[9]
    assert packed([0, 1], [9, 9], 1) == [(0,), (1,)]


def test_the_learning_rate_warms_up_and_goes_down() -> None:
    cosine = Train(learning_rate=1.0, warmup=0.1, schedule="cosine")
    rates = [learning_rate(step, 100, cosine) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] < 0.01
    constant = Train(learning_rate=1.0, warmup=100, schedule="constant")
    assert [learning_rate(step, 9999, constant) for step in (49, 99, 5000)] == [0.5, 1.0, 1.0]


def test_labels_that_cannot_be_right_stop_it(template: ChatTemplate) -> None:
    (good,) = rows(template, a_pair("Hi", "Ho")).rows

    def refused(ids: list[int], trained: list[bool]) -> str:
        row = Row("r1", "s", np.array(ids, np.int32), np.array(trained, np.bool_), 1.0)
        with pytest.raises(G4tuiError) as raised:
            check_labels(Rows([good, row]), template, 100)
        assert "r1" in raised.value.info.detail
        return raised.value.info.detail

    assert "no token" in refused([1, 5, 2], [False] * 3)
    assert "without the token that ends it" in refused([1, 5, 6], [False, True, True])
    assert "two BOS" in refused([1, 1, 5, 2], [False, False, True, True])
    check_labels(Rows([good]), template, 100)


def test_a_base_without_template_or_end_is_refused() -> None:
    with pytest.raises(G4tuiError) as raised:
        ChatTemplate(tiny_tokenizer(template=""))
    assert "train.template" in raised.value.info.remedy
    tokenizer = tiny_tokenizer("{% for m in messages %}{{ m.content }}\n{% endfor %}")
    tokenizer.eos_token = None
    with pytest.raises(G4tuiError) as raised:
        ChatTemplate(tokenizer)
    assert "never stop" in raised.value.info.remedy


def test_the_audit_shows_what_is_trained(
    make_run: Callable[..., Path], train_command: Command
) -> None:
    run = make_run(rows=5)
    code, out, err = train_command(
        "train", "--audit", "--recipe", run.parent / "recipe.toml", "--out", run
    )
    assert code == 0, err
    assert "⟦By row 0 a thing is meant that has the name row 0.<|im_end|>⟧" in out.replace(
        "\n", " "
    )
    assert "5 rows" in out
    assert not (run / "adapter").exists()
