"""How the student does on rows that were held back: losses by source, and a few answers."""

from collections.abc import Sequence

import torch

from g4tui_training.pairs import messages_of
from g4tui_training.train.chat_template import ChatTemplate
from g4tui_training.train.group import Group
from g4tui_training.train.loss import pack_tensors, token_losses
from g4tui_training.train.metrics import DevLoss, Sample, SourceLoss
from g4tui_training.train.plan import packed
from g4tui_training.train.rows import Row
from g4tui_training.train.student import Student

_ANSWER_TOKENS = 48
_PROMPT_CHARS = 200


def dev_loss(student: Student, rows: Sequence[Row], capacity: int, group: Group) -> DevLoss:
    """The loss of held-back rows; weights do not count here."""
    sums = torch.zeros(len(rows), dtype=torch.float64, device=group.device)
    packs = packed(range(len(rows)), [len(row) for row in rows], capacity)
    student.model.eval()
    with torch.no_grad():
        for _, pack in group.share(packs):
            tensors = pack_tensors([rows[index] for index in pack], group.device)
            losses = token_losses(student.base, tensors).double()
            places = torch.tensor(pack, device=group.device)[tensors.rows]
            sums.index_add_(0, places, losses)
    student.model.train()
    by_row = group.total(sums).tolist()
    by_source: dict[str, list[tuple[float, int]]] = {}
    for row, total in zip(rows, by_row, strict=True):
        by_source.setdefault(row.source, []).append((total, row.targets))
    every = [pair for pairs in by_source.values() for pair in pairs]
    return DevLoss(
        _mean_of_rows(every),
        _mean_of_tokens(every),
        {
            name: SourceLoss(
                len(pairs),
                sum(targets for _, targets in pairs),
                _mean_of_tokens(pairs),
                _mean_of_rows(pairs),
            )
            for name, pairs in sorted(by_source.items())
        },
    )


def _mean_of_tokens(pairs: Sequence[tuple[float, int]]) -> float:
    return sum(total for total, _ in pairs) / sum(targets for _, targets in pairs)


def _mean_of_rows(pairs: Sequence[tuple[float, int]]) -> float:
    return sum(total / targets for total, targets in pairs) / len(pairs)


def sample_answers(
    student: Student, template: ChatTemplate, rows: Sequence[Row], device: torch.device
) -> tuple[Sample, ...]:
    """The likeliest answers to these rows' prompts, up to 48 tokens."""
    from transformers import GenerationConfig

    found = []
    student.model.eval()
    for row in rows:
        ids = torch.tensor([template.prompt_ids(messages_of(row.prompt))], device=device)
        with torch.no_grad():
            answer = student.base.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=GenerationConfig(
                    do_sample=False,
                    max_new_tokens=_ANSWER_TOKENS,
                    eos_token_id=template.end,
                    pad_token_id=template.end,
                ),
            )
        text = template.tokenizer.decode(answer[0, ids.shape[1] :], skip_special_tokens=True)
        asked = row.prompt[-1].content if row.prompt else ""
        found.append(Sample(row.id, asked[:_PROMPT_CHARS], text))
    student.model.train()
    return tuple(found)


def sampled_rows(rows: Sequence[Row], count: int) -> list[Row]:
    """The rows whose prompts are answered at each evaluation: of as many sources as there are."""
    found: list[Row] = []
    rest = sorted(rows, key=lambda row: (len(row), row.id))
    while rest and len(found) < count:
        seen: set[str] = set()
        for row in list(rest):
            if row.source not in seen and len(found) < count:
                seen.add(row.source)
                found.append(row)
                rest.remove(row)
    return found
