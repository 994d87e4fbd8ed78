"""Fits a conversation into a model's context by leaving out whole oldest turns."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from g4tui.core import G4tuiError, Message, estimated_tokens

Counter = Callable[[Sequence[Message]], Awaitable[int]]

# After a cut the prompt fills this share, so that the turns after it find a warm prefix: cutting
# one turn at a time would make every later turn a cold prefill.
SHARE_AFTER_CUT = 0.6
# No tokenizer packs text this densely: what is surely too long is not even counted, so that a
# pasted book costs nothing.
CHARACTERS_PER_TOKEN = 32


class Fitted(msgspec.Struct, frozen=True):
    """`messages[start:]` (after the system message) is what the model gets: `used` tokens."""

    start: int
    used: int
    limit: int


def room_for_answer(context: int, max_tokens: int | None) -> int:
    """How many tokens of the context a prompt must leave free."""
    return min(max_tokens or 256, max(1, context // 4))


async def fit(
    system: Sequence[Message],
    messages: Sequence[Message],
    start: int,
    count: Counter,
    context: int,
    max_tokens: int | None,
) -> Fitted:
    """Choose where the model's memory begins, at `start` or later.

    `messages` ends with the one to answer and holds no system message. Turns are dropped whole,
    from the oldest, only when the prompt would not fit. Raises `G4tuiError` of kind `context` when
    the last turn alone is too long.
    """
    limit = context - room_for_answer(context, max_tokens)
    if len(messages[-1].text) > context * CHARACTERS_PER_TOKEN:
        raise too_long(estimated_tokens(messages[-1].text), limit, context)
    counted = max(start, _surely_too_long(messages, context * CHARACTERS_PER_TOKEN))
    used = await count([*system, *messages[counted:]])
    if used <= limit and counted == start:
        return Fitted(start, used, context)

    turns = [i for i, m in enumerate(messages) if m.role == "user" and i >= counted]
    last = turns[-1] if turns else counted
    target = min(limit, int(context * SHARE_AFTER_CUT))
    low, high = 0, max(0, len(turns) - 1)
    while low < high:
        middle = (low + high) // 2
        if await count([*system, *messages[turns[middle] :]]) <= target:
            high = middle
        else:
            low = middle + 1
    chosen = turns[low] if turns else last
    used = await count([*system, *messages[chosen:]])
    if used > limit:
        raise too_long(used, limit, context)
    return Fitted(chosen, used, context)


def too_long(used: int, limit: int, context: int) -> G4tuiError:
    """The error for a prompt that does not fit whatever is left out."""
    return G4tuiError(
        "context",
        "The message is longer than the model's memory",
        f"It has about {used:,} tokens; {limit:,} of the context's {context:,} are for the prompt.",
        "Shorten it, choose a model with a larger context, or load this one with more: Ctrl+G in "
        "the chat, --set context=N for g4tui ask.",
    )


def _surely_too_long(messages: Sequence[Message], characters: int) -> int:
    """The first index from which the texts have at most that many characters (the last is kept)."""
    index = len(messages) - 1
    left = characters - len(messages[-1].text) if messages else 0
    while index > 0 and left >= len(messages[index - 1].text):
        index -= 1
        left -= len(messages[index].text)
    return max(index, 0)
