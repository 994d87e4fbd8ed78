"""Any session that the library can hold, for property tests."""

from itertools import combinations
from typing import Literal

import msgspec
from hypothesis.strategies import (
    DrawFn,
    SearchStrategy,
    booleans,
    characters,
    composite,
    floats,
    integers,
    lists,
    none,
    permutations,
    sampled_from,
    text,
)

from g4tui.core import Attachment, ErrorInfo, FinishReason, Message, Params, Usage
from g4tui.plugin import Transcript, TranscriptMessage, TranscriptTurn, TranscriptVote
from g4tui.sanitize import clean_line

# Lone surrogates too: a broken stream may hold them. A pair of them is the character that it
# spells, to every reader of JSON.
WORDS = text(characters(exclude_categories=["Cs"]) | sampled_from("\udc80\x00\x7f"), max_size=20)
TIMES = floats(1.0, 4e9)
Verdict = Literal["left", "right", "tie", "both_bad"]
VERDICTS: tuple[Verdict, ...] = ("left", "right", "tie", "both_bad")


@composite
def transcripts(
    draw: DrawFn, words: SearchStrategy[str] = WORDS, *, hidden: bool = False
) -> Transcript:
    """A tree with answers of every kind, comparisons and votes.

    `hidden`: perhaps with blind turns whose names nobody has seen; they leave a library without.
    """
    messages: list[TranscriptMessage] = []
    for number in range(draw(integers(0, 9))):
        messages.append(_message(draw, number, words))
    created = draw(TIMES)
    return Transcript(
        title=draw(words.filter(lambda title: bool(clean_line(title).strip()))),
        title_is_set=draw(booleans()),
        messages=tuple(messages),
        head=draw(sampled_from([each.id for each in messages])) if messages else None,
        created=created,
        model=draw(words),
        system=draw(words),
        params=Params(seed=draw(none() | integers(0, 9)), extra={"b": 1}),
        origin=draw(words.filter(bool)),
        updated=max([created, *(each.created for each in messages)]),
        context=draw(none() | integers(1, 10**6)),
        tags=draw(sampled_from([(), ("a",), ("a", "京 都")])),
        pinned=draw(booleans()),
        archived=draw(booleans()),
        turns=tuple(_turns(draw, messages, words, hidden)),
    )


def renamed(transcript: Transcript, names: dict[str, str]) -> Transcript:
    """The same with other ids of messages."""

    def new(id_: str | None) -> str | None:
        return None if id_ is None else names[id_]

    def both(pair: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[each] for each in pair)

    replace = msgspec.structs.replace
    return replace(
        transcript,
        head=new(transcript.head),
        messages=tuple(
            replace(
                each,
                id=names[each.id],
                parent=new(each.parent),
                corrects=new(each.corrects),
                memory_start=new(each.memory_start),
            )
            for each in transcript.messages
        ),
        turns=tuple(
            replace(
                turn,
                answers=both(turn.answers),
                shown=both(turn.shown),
                chosen=new(turn.chosen),
                votes=tuple(
                    replace(vote, answers=both(vote.answers), shown=both(vote.shown))
                    for vote in turn.votes
                ),
            )
            for turn in transcript.turns
        ),
    )


def _message(draw: DrawFn, number: int, words: SearchStrategy[str]) -> TranscriptMessage:
    before = [f"m{place}" for place in range(number)]
    named = none() | sampled_from(before) if before else none()
    reasons: list[FinishReason | None] = [None, "stop", "length", "cancelled"]
    return TranscriptMessage(
        id=f"m{number}",
        parent=draw(named),
        message=Message(
            draw(sampled_from(["user", "assistant", "assistant", "system"])),
            draw(words),
            draw(words),
            tuple(Attachment(name, name) for name in draw(lists(words, max_size=2))),
        ),
        state=draw(sampled_from(["complete", "stopped", "interrupted", "failed"])),
        model=draw(words),
        params=Params(temperature=draw(none() | floats(0, 2)), stop=("a",), extra={"b": 1}),
        usage=draw(none() | sampled_from([Usage(), Usage(prompt=3, cost_usd=0.5)])),
        error=draw(none() | sampled_from([ErrorInfo("server", "It broke", "d", "r")])),
        starred=draw(booleans()),
        created=draw(TIMES),
        finish_reason=draw(sampled_from(reasons)),
        corrects=draw(named),
        memory_start=draw(named),
    )


def _turns(
    draw: DrawFn, messages: list[TranscriptMessage], words: SearchStrategy[str], hidden: bool
) -> list[TranscriptTurn]:
    """Comparisons of the answers there are, each in one of them at most."""
    free = [each.id for each in messages if each.message.role == "assistant"]
    every, turns = list(free), []
    while len(free) > 1 and draw(booleans()):
        count = draw(integers(2, len(free)))
        answers, free = tuple(free[:count]), free[count:]
        blind = draw(booleans())
        # The answers of a vote may have been replaced in the turn since.
        pairs = draw(lists(sampled_from([*combinations(every, 2)]), max_size=3, unique=True))
        votes = [
            TranscriptVote(
                answers=draw(sampled_from([pair, pair[::-1]])),
                shown=draw(sampled_from([pair, pair[::-1]])),
                verdict=draw(sampled_from(VERDICTS)),
                blind=blind and draw(booleans()),
                revealed_first=blind and draw(booleans()),
                reason=draw(words),
                created=created,
            )
            for pair, created in zip(pairs, sorted(draw(TIMES) for _ in pairs), strict=True)
        ]
        turns.append(
            TranscriptTurn(
                answers=answers,
                shown=tuple(draw(permutations(answers))),
                created=draw(TIMES),
                blind=blind,
                revealed=draw(TIMES) if blind and not (hidden and draw(booleans())) else None,
                chosen=draw(none() | sampled_from(every)),
                votes=tuple(votes),
            )
        )
    return turns
