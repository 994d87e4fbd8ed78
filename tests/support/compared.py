"""Comparisons as a person makes them: two answers to a prompt, and what was thought of them."""

from collections.abc import Sequence

from g4tui.core import FinishReason, Message
from g4tui.store import Asked, Store, TurnRow, Verdict

TEACHER = "openai:gpt-4o-mini"
STUDENT = "llama-cpp:/models/student.Q4_1.gguf"


def compared(
    store: Store,
    prompt: str,
    verdict: Verdict | None = None,
    *,
    session: str | None = None,
    models: Sequence[str] = (TEACHER, STUDENT),
    turned: bool = False,
    private: bool = False,
    blind: bool = False,
    cut: Sequence[str] = (),
) -> TurnRow:
    """`prompt` answered by two models with `MODEL on PROMPT`, and a vote; `turned`: the second
    stood on the left; `cut`: models that came to the token limit. A verdict is about the sides of
    the screen."""
    session = session or store.create_session(private=private).id
    parent = store.session(session).head
    turn, sides = store.begin_compared(
        session,
        Message("user", prompt),
        [Asked(parent, model) for model in models],
        blind=blind,
        order=[1, 0] if turned else None,
    )
    for _, answer in sides:
        text = said(answer.model, prompt)
        reason: FinishReason = "length" if answer.model in cut else "stop"
        store.finish_answer(answer.id, "complete", text, finish_reason=reason)
    if verdict is not None:
        store.vote(turn.id, verdict)
    return store.turn(turn.id)


def said(model: str, prompt: str) -> str:
    """What a model answers."""
    return f"{model.rpartition('/')[2]} on {prompt}"
