"""A blind turn that can be made twice, with who wrote which answer the other way round.

Whatever is told of both must be the same, but for ids and times: nothing then tells them apart.
"""

from g4tui.core import ErrorInfo, Message, Params, Usage
from g4tui.store import Asked, Store, TurnRow

TEACHER, STUDENT = "scripted:teacher", "scripted:student"
LEFT, RIGHT = "What stands at the left.", "What stands at the right."
USAGE = {
    TEACHER: Usage(prompt=9, completion=312, ttft_s=0.61, tok_per_s=88.0, cost_usd=0.0002),
    STUDENT: Usage(prompt=11, completion=4, cached=3, estimated=True, ttft_s=0.02),
}
ERRORS = {
    TEACHER: ErrorInfo("network", "api.example.org is away", "No route.", "Plug it in."),
    STUDENT: ErrorInfo("crashed", "The worker of student.gguf ended", "Signal 11.", "Ask again."),
}


def hidden_turn(store: Store, *, turned: bool, fails: bool = False) -> TurnRow:
    """A turn whose names nobody has seen, in a session with one exchange before it.

    `turned`: the teacher's answer stands at the right. `fails`: the left one failed, whoever's it
    is. The left answer was asked for a second time, and the right one was corrected.
    """
    session = store.create_session(model=STUDENT, created=1e9).id
    before = store.add_message(session, None, Message("user", "Hello"), created=1e9)
    parent = store.add_message(
        session, before.id, Message("assistant", "Hi."), model=STUDENT, created=1e9
    )
    turn, sides = store.begin_compared(
        session,
        Message("user", "Why?"),
        [
            Asked(parent.id, TEACHER, Params(temperature=0.1)),
            Asked(parent.id, STUDENT, Params(top_k=7)),
        ],
        blind=True,
        order=[1, 0] if turned else [0, 1],
    )
    models = {answer.id: answer.model for _, answer in sides}
    left, right = turn.shown
    question = sides[0][0].id
    finish(store, left, "Before it was asked again.", models[left])
    _, again = store.begin_turn(session, question, None, models[left])
    models[again.id] = models[left]
    turn = store.replace_answer(turn.id, left, again.id)
    finish(store, again.id, LEFT, models[again.id], fails=fails)
    if models[right] == STUDENT:
        store.set_memory_start(right, parent.id)
    finish(store, right, RIGHT, models[right])
    store.correct(right, "What it should have been.")
    return store.turn(turn.id)


def finish(store: Store, answer: str, text: str, model: str, *, fails: bool = False) -> None:
    """The end of an answer, with all that is known of it."""
    store.finish_answer(
        answer,
        "failed" if fails else "complete",
        text,
        reasoning="Let me think." if model == STUDENT else "",
        usage=USAGE[model],
        error=ERRORS[model] if fails else None,
        finish_reason=None if fails else "stop",
    )


def without_ids(store: Store, session: str, text: str) -> str:
    """The text with its ids counted from the first."""
    turns = [turn.id for turn in store.turns(session)]
    for number, id_ in enumerate([session, *turns, *(m.id for m in store.all_messages(session))]):
        text = text.replace(id_, f"<{number}>")
    return text
