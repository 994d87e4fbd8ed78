"""What a vote is not good for: an answer did not come to its end."""

from g4tui.store import MessageRow, TurnRow, VoteRow
from g4tui.store.veil import is_hidden


def is_whole(answer: MessageRow) -> bool:
    """Whether a model said all that it had to say."""
    return answer.state == "complete" and bool(answer.message.text.strip())


def is_broken(answer: MessageRow) -> bool:
    """Whether it tells of a server, not of what a model can say: no vote on it rates one."""
    if answer.state == "streaming":
        return False
    return not answer.message.text.strip() or answer.state in ("failed", "interrupted")


def caveat(vote: VoteRow, turn: TurnRow, left: MessageRow, right: MessageRow) -> str:
    """One sentence for the person who gave it; empty, where there is nothing to say.

    `turn` is as it is after the vote. What is said tells the same of both answers while names are
    hidden; nor does it tell then that one model gave both.
    """
    whole = [is_whole(answer) for answer in (left, right)]
    decided = vote.verdict in ("left", "right")
    better = left if vote.verdict == "left" else right
    if not any(whole):
        what = "Neither of the two came to its end"
    elif not all(whole):
        what = "One of the two did not come to its end"
    elif decided and better.finish_reason == "length":
        what = "The better one was cut at the token limit"
    else:
        return ""
    counts = vote.blind and not is_broken(left) and not is_broken(right)
    if counts and not is_hidden(turn) and left.model != right.model:
        kept, but = "the vote counts in the ratings", "but"
    elif turn.blind and not counts and not vote.revealed_first:
        kept, but = "the vote does not count in the ratings", "and"
    else:
        kept, but = "the vote is kept", "but"
    return f"{what}: {kept}{f', {but} is not exported as a preference' if decided else ''}."
